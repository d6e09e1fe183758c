using Bazil.Core;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Trash;

namespace Bazil.FileSystem.Live;

// What peers delete and overwrite: a deletion waits until the pull is complete, and longer if it must; what goes is kept in the trash.
internal sealed partial class Transaction
{
    private readonly Dictionary<InodeId, byte[]> _paths = [];

    /// <summary>True when it let deletions wait, or some wait no more.</summary>
    public bool HasHeld { get; private set; }

    /// <summary>Lets a node that a peer deleted stay as it is shown; lets go of one that is alive again.</summary>
    private void SettleHold(Edit edit)
    {
        NodeRecord record = edit.Record;
        if (record.IsVolumeWide || edit.IsPurged) return;
        if (record.Held is not null)
        {
            if (!IsAlive(record, isBefore: false)) return;
            RecheckParents(record.Held.Places);
            record.Held = null;
            HasHeld = true;
            return;
        }

        bool mayHold = MergesForeign && !ShowsDeletions && Peer is not null && edit.PlacedBefore.Count > 0;
        if (!mayHold || IsAlive(record, isBefore: false)) return;
        NodeRecord before = edit.Before!;
        record.Held = new HeldDeletion([.. ShownPlaces(before, isBefore: true)!], before.ShownContent, before.ShownAttributes, Peer!.Value, Now);
        HasHeld = true;
        RecheckParents(record.Held.Places);
    }

    /// <summary>A directory without a link that lived by what is in it may have died with it, or come to life; its rows are the same.</summary>
    private void RecheckParents(IReadOnlyList<PlacedLink> places)
    {
        foreach (PlacedLink place in places)
        {
            InodeId parent = FindInode(place.Place.Parent);
            if (parent == default || parent == InodeId.Root || Read(parent) is not { HasLiveLink: false }) continue;
            Touch(parent);
            _recheck.Add(parent);
        }
    }

    /// <summary>Content that a merge replaces goes to the trash.</summary>
    private void WriteOverwritten(Edit edit)
    {
        if (!MergesForeign || ShowsDeletions || Peer is not { } peer || edit.IsPurged || edit.Before is not { IsDirectory: false } before) return;
        NodeRecord record = edit.Record;
        bool isSame = ReferenceEquals(before.Content, record.Content) && ReferenceEquals(before.Held, record.Held);
        if (isSame || record.Held is not null || record.Content.IsEmpty || edit.PlacedBefore.Count == 0) return;
        IEnumerable<ContentValue> values = before.Content.DistinctValues();
        if (before.Held?.Content is { } held) values = values.Append(held.Value);

        // Nothing is lost with nothing: a file that was seen between its creation and its first write had no content yet.
        foreach (ContentValue value in values.Where(value => value.SizeBytes > 0 && record.Content.Find(value) is null))
        {
            AddToTrash(new TrashEntry(0, Now, peer, TrashKind.Overwritten, record.Id, record.Kind, PathOf(edit.PlacedBefore[0]), value, before.ShownAttributes));
        }
    }

    /// <summary>Shows a deletion that waited; what was shown goes to the trash.</summary>
    public void ShowDeletion(InodeId inode, TrashKind kind)
    {
        if (Read(inode) is not { Held: { } held } record) return;
        List<PlacedClaim> placed = PlacementOf(record, isBefore: false);
        AddToTrash(new TrashEntry(0, Now, held.Peer, kind, record.Id, record.Kind, PathOf(placed[0]), held.Content?.Value, held.Attributes));
        NodeRecord changed = Change(inode);
        changed.Held = null;
        changed.ChangeTime = Now;
    }

    private void AddToTrash(TrashEntry entry)
    {
        if (Store.Trash.Add(Batch, entry) is { } key) Store.Undo?.NoteNew(key);
    }

    /// <summary>True when another node has taken over every name that a deletion which waits still shows.</summary>
    public bool IsReplaced(NodeRecord held) => PlacementOf(held, isBefore: false).TrueForAll(placed =>
        !ShownName.Of(ReadClaims(placed.Parent, placed.Name), Read).Group.Any(claim => claim.Inode == held.Inode));

    /// <summary>How many directories are above a shown node.</summary>
    public int DepthOf(NodeRecord record) => PlacementOf(record, isBefore: false) is [var placed, ..] ? PathOf(placed).Count(static letter => letter == '/') : 0;

    /// <summary>The names from the root to a place, joined with slashes.</summary>
    public byte[] PathOf(PlacedClaim placed) =>
        DirectoryPath(placed.Parent) is { Length: > 0 } parent ? [.. parent, (byte)'/', .. placed.Name.Span] : placed.Name.Span.ToArray();

    /// <summary>Where a node is shown first, or null.</summary>
    public PlacedClaim? PlaceOf(NodeRecord record) => PlacementOf(record, isBefore: false) is [var placed, ..] ? placed : null;

    /// <summary>The same for a node that is shown; null for one that is not. The root's is empty.</summary>
    public byte[]? FindPath(InodeId inode)
    {
        if (inode == InodeId.Root) return [];
        return Read(inode) is { } record && PlacementOf(record, isBefore: false) is [var placed, ..] ? PathOf(placed) : null;
    }

    private byte[] DirectoryPath(InodeId directory)
    {
        // Cycles were broken before, and a path is not deeper than a program can name; a moved directory of this very merge may still be on its way.
        const int depthMax = 4096;
        var chain = new List<(InodeId Inode, FileName Name)>();
        byte[] path = [];
        for (InodeId at = directory; at != default && at != InodeId.Root && chain.Count < depthMax;)
        {
            if (_paths.TryGetValue(at, out byte[]? known))
            {
                path = known;
                break;
            }

            if (Read(at) is not { } record || PlacementOf(record, isBefore: false) is not [var placed, ..]) break;
            chain.Add((at, placed.Name));
            at = placed.Parent;
        }

        for (int index = chain.Count - 1; index >= 0; index--)
        {
            path = path.Length > 0 ? [.. path, (byte)'/', .. chain[index].Name.Span] : chain[index].Name.Span.ToArray();
            _paths.TryAdd(chain[index].Inode, path);
        }

        return path;
    }
}
