using Bazil.Core;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Pins;
using Bazil.FileSystem.Reachability;
using Bazil.Storage.Metadata;

namespace Bazil.FileSystem.Live;

// What is to be on this machine, whoever made it and whenever it appears. A path is pinned as the node that it names, and so follows it wherever it is moved; a pattern stays where it is.
public sealed partial class Volume
{
    private long _pinRevision;

    /// <summary>Raised when something is pinned, or no longer: handlers return at once.</summary>
    public event Action? PinsChanged;

    /// <summary>Another number after each change of what is pinned.</summary>
    public long PinRevision => Interlocked.Read(ref _pinRevision);

    /// <summary>Whether anything is pinned in a volume, open or not.</summary>
    public static bool HasPins(IMetadataReader metadata, uint localNumber)
    {
        using IMetadataCursor cursor = metadata.ScanPrefix(new VolumeTables(metadata, localNumber).Key(stackalloc byte[MetadataKey.MaxSize], Table.Pin).Bytes);
        return cursor.MoveNext();
    }

    /// <summary>Pins what is at a path, with all below it: durable on return. Of directories that are shown as one, all. False when there is nothing.</summary>
    public bool Pin(IReadOnlyList<FileName> path) => ChangePins(path, key => (key, PinRows.ValueOf(_options.Clock.GetUtcNow()))) is not null;

    /// <summary>Pins what a pattern names, now or later: durable on return.</summary>
    public void Pin(PinPattern pattern)
    {
        lock (_gate) CommitPins([(PinRows.KeyOf(_store.Tables, pattern), PinRows.ValueOf(_options.Clock.GetUtcNow()))]);
        NotePinsChanged();
    }

    /// <summary>Takes back the pin of what is at a path. False when that is not pinned by itself; null when there is nothing.</summary>
    public bool? Unpin(IReadOnlyList<FileName> path) => ChangePins(path, static key => (key, null));

    /// <summary>Takes back the pin of a pattern. False when there is none.</summary>
    public bool Unpin(PinPattern pattern)
    {
        lock (_gate)
        {
            byte[] key = PinRows.KeyOf(_store.Tables, pattern);
            if (_options.Metadata.Get(key) is null) return false;
            CommitPins([(key, null)]);
        }

        NotePinsChanged();
        return true;
    }

    public IReadOnlyList<Pin> ListPins()
    {
        lock (_gate)
        {
            return
            [
                .. PinRows.ReadAll(_store.Tables).Select(pin =>
                {
                    if (pin.Pattern is not null) return new Pin(null, pin.Pattern, false, pin.Since);
                    InodeId inode = InodeOf(pin.Node);
                    return new Pin(inode == default ? "" : new NodeOrigin(_store.Tables, inode, null).Describe(), null, inode == default || FindShown(inode) is null, pin.Since);
                }),
            ];
        }
    }

    /// <summary>The files that are pinned; one that several pins reach may be listed more than once. Listed page by page while it is read.</summary>
    public IEnumerable<InodeId> ListPinnedFiles()
    {
        List<(NodeId Node, PinPattern? Pattern, DateTimeOffset Since)> pins;
        var roots = new List<InodeId>();
        lock (_gate)
        {
            pins = PinRows.ReadAll(_store.Tables);
            foreach ((NodeId node, PinPattern? pattern, _) in pins)
            {
                InodeId inode = pattern is null ? InodeOf(node) : default;
                if (inode != default && FindShown(inode) is not null) roots.Add(inode);
            }
        }

        var seen = new HashSet<InodeId>();
        foreach (InodeId file in ListFiles(roots, seen)) yield return file;
        PinPattern[] patterns = [.. pins.Where(static pin => pin.Pattern is not null).Select(static pin => pin.Pattern!)];
        if (patterns.Length == 0) yield break;
        foreach (InodeId matched in ListMatching(patterns))
        {
            foreach (InodeId file in ListFiles([matched], seen)) yield return file;
        }
    }

    /// <summary>What patterns name: of a directory itself, not what lies below it.</summary>
    private IEnumerable<InodeId> ListMatching(PinPattern[] patterns)
    {
        var waiting = new Stack<(InodeId Directory, ulong[] Places)>();
        var seen = new HashSet<InodeId>();
        waiting.Push((InodeId.Root, [.. patterns.Select(static pattern => pattern.Start)]));
        while (waiting.TryPop(out (InodeId Directory, ulong[] Places) at))
        {
            foreach ((FileName name, Claim[] claims) in ListNames(at.Directory))
            {
                ulong[] places = [.. patterns.Select((pattern, index) => pattern.Step(at.Places[index], name.Span))];
                if (places.All(static set => set == 0)) continue;
                bool isMatch = patterns.Where((pattern, index) => pattern.IsMatch(places[index])).Any();
                foreach (Claim claim in claims)
                {
                    if (isMatch) yield return claim.Inode;
                    else if (claim.IsDirectory && seen.Add(claim.Inode)) waiting.Push((claim.Inode, places));
                }
            }
        }
    }

    private InodeId InodeOf(NodeId node) => node == NodeId.Root ? InodeId.Root : _store.Tables.FindInode(node);

    private bool? ChangePins(IReadOnlyList<FileName> path, Func<byte[], (byte[] Key, byte[]? Value)> change)
    {
        lock (_gate)
        {
            if (FindAll(path) is not { } found) return null;
            List<(byte[] Key, byte[]? Value)> changes = [.. found.Select(_store.Read).OfType<NodeRecord>().Select(record => change(PinRows.KeyOf(_store.Tables, record.Id)))];
            if (changes.All(entry => entry.Value is null && _options.Metadata.Get(entry.Key) is null)) return false;
            CommitPins(changes);
        }

        NotePinsChanged();
        return true;
    }

    /// <summary>Under the gate.</summary>
    private void CommitPins(IEnumerable<(byte[] Key, byte[]? Value)> changes)
    {
        var batch = new MetadataBatch();
        foreach ((byte[] key, byte[]? value) in changes)
        {
            if (value is null) batch.Delete(key);
            else batch.Put(key, value);
        }

        _options.Metadata.Commit(batch);
    }

    private void NotePinsChanged()
    {
        Interlocked.Increment(ref _pinRevision);
        _options.Metadata.Sync();
        PinsChanged?.Invoke();
    }
}
