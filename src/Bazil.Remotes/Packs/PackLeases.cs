using System.Collections.Immutable;
using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.Remotes.Folders;
using Bazil.Storage.Metadata;
using Bazil.Storage.Stores;

namespace Bazil.Remotes.Packs;

/// <summary>The leases in one folder, and this node's own among them. One caller at a time.</summary>
internal sealed class PackLeases(IRemoteFolder folder, IMetadataStore metadata, SigningKey key, PackIndex index, IEntropy entropy, TimeProvider time)
{
    private readonly KnownLeases _known = new(metadata, index.StoreId);

    public PeerId Self => key.PeerId;

    /// <summary>These rows are older than a lease that was there: somebody restored them from a backup, or made them anew.</summary>
    public bool AreRowsOld => Row.IsOld;

    /// <summary>What these rows forgot before they turned out to be old was not looked for again.</summary>
    public bool MustLookAnew => Row is { IsOld: true, IsLookedInto: false };

    private PackLeaseRow Row => PackLeaseRow.Read(metadata, index.StoreId) ?? PackLeaseRow.None;

    /// <summary>When this node announced what waits.</summary>
    public DateTimeOffset Since => DateTimeOffset.FromUnixTimeSeconds(Math.Clamp(Row.Since, 0, int.MaxValue));

    /// <summary>All leases that are there now, and those that are missed: they were there, and nobody has given them up.</summary>
    /// <exception cref="StoreException">The folder failed, or there are more than are looked at: then nobody knows who relies on what is there.</exception>
    public async Task<List<FoundLease>> ListAsync(CancellationToken cancel)
    {
        List<(PeerId Node, long SizeBytes)> files = [];
        await foreach (RemoteFile file in folder.ListAsync(PackLease.Directory, cancel))
        {
            if (PackLease.TryParseFileName(file.Name, out PeerId node)) files.Add((node, file.SizeBytes));
            if (files.Count > Limits.LeasesMax) throw new StoreException($"{folder.Name}: there are more than {Limits.LeasesMax} leases in {PackLease.Directory}; remove those of nodes that do not exist");
        }

        List<PeerId> missing = _known.List();
        if (PackLeaseRow.Read(metadata, index.StoreId) is not null) missing.Add(Self);
        files.AddRange(missing.Except(files.Select(static file => file.Node).ToList()).Select(static node => (node, 0L)));
        if (files.Count > Limits.LeasesMax) throw new StoreException($"{folder.Name}: more than {Limits.LeasesMax} nodes have, or had, a lease in {PackLease.Directory}; give up those of nodes that do not exist");
        var found = new List<FoundLease>();
        foreach ((PeerId node, long sizeBytes) in files.OrderBy(static file => file.Node))
        {
            FoundLease? lease = await ReadAsync(node, sizeBytes, cancel);

            // One of another node may be on its way back. Nobody but this node writes its own.
            if (lease is not null || node != Self) found.Add(lease ?? new FoundLease(node, [], null, "its lease is not there, and nobody has given it up"));
        }

        List<PeerId> givenUp = [.. found.Where(lease => PackLease.IsGivenUp(lease.File, index.StoreId, lease.Node)).Select(static lease => lease.Node)];
        _known.Change(found.Where(lease => lease.Lease is not null && lease.Node != Self).Select(static lease => lease.Node), givenUp);
        found.RemoveAll(lease => lease.Node != Self && givenUp.Contains(lease.Node));
        return found;
    }

    /// <summary>
    /// This node's own lease, which it makes if there is none. When what is there is not what this node wrote, then others may have done without asking it: nothing that it knew of the store counts any more.
    /// </summary>
    /// <param name="found">The leases that are there.</param>
    /// <param name="isFirst">It is the first look in this run: then it is written anew with the next number, so that a backup of this node's rows that was taken before is known by it.</param>
    /// <returns>The lease; whether it was not there; whether what was there was not what this node wrote: then this node removes nothing in this run.</returns>
    public async Task<(PackLease Lease, bool IsNew, bool IsDoubtful)> RequireOwnAsync(IReadOnlyList<FoundLease> found, bool isFirst, CancellationToken cancel)
    {
        FoundLease? own = found.FirstOrDefault(lease => lease.Node == Self);
        PackLeaseRow? row = PackLeaseRow.Read(metadata, index.StoreId);
        if (own is { Lease: { } known } && row?.IsOurs(own.File) == true)
        {
            if (isFirst) known = await WriteAsync(known with { Sequence = row.Sequence + 1 }, isNewRound: false, cancel);
            else Note(own.File);
            return (known, false, false);
        }

        // Before anything is said about it, so that a death in between repeats this.
        if (row is not null || own is not null) index.Distrust(entropy, cancel);
        ulong last = Row.Sequence;
        NoteOldRows(own);
        if (own is { Lease: { } other })
        {
            // What it announces and answers was said by rows that are not these: packs that it names may hold what this node, or another one, needs now.
            return (await WriteAsync(other with { Sequence = Math.Max(other.Sequence, last) + 1, Round = Guid.Empty, Doomed = [], Answers = ImmutableSortedDictionary<PeerId, Guid>.Empty }, isNewRound: false, cancel), true, true);
        }

        PackLease first = PackLease.First(Self) with { Sequence = 1 + Math.Max(last, (ulong)time.GetUtcNow().ToUnixTimeSeconds()) };
        return (await WriteAsync(first, isNewRound: false, cancel), true, row is not null || own is not null);
    }

    /// <summary>Looks whether this node's lease shows that its rows are old, and changes nothing else: before it is concluded from them what is not there.</summary>
    public async Task NoteOldRowsAsync(CancellationToken cancel)
    {
        PackLeaseRow? row = PackLeaseRow.Read(metadata, index.StoreId);
        FoundLease? own = await ReadAsync(Self, Row.Written.Length, cancel);
        if (own is null || row?.IsOurs(own.File) != true) NoteOldRows(own);
    }

    /// <summary>What these rows forgot was looked for again, or something may have been forgotten since.</summary>
    public void NoteLook(bool isDone)
    {
        if (Row is { IsOld: true } row && row.IsLookedInto != isDone) Commit(row with { IsLookedInto = isDone });
    }

    /// <summary>Writes this node's lease, after all rows that it rests on.</summary>
    public async Task<PackLease> WriteAsync(PackLease lease, bool isNewRound, CancellationToken cancel)
    {
        byte[] file = lease.Encode(index.StoreId, key);
        PackLeaseRow row = Row;
        row = row with { Writing = file, Highest = row.Sequence, Since = isNewRound ? time.GetUtcNow().ToUnixTimeSeconds() : row.Since };
        Commit(row);
        metadata.Sync();
        await WriteFileAsync(lease.FileName, file, cancel);
        Note(file);
        return lease;
    }

    /// <summary>Somebody says that what is there may be removed all the same.</summary>
    public void Claim()
    {
        if (Row.IsOld) Commit(Row with { IsOld = false, IsLookedInto = false });
    }

    /// <summary>Says that a lease is given up. What that node keeps there is not safe from the others after this.</summary>
    /// <returns>False when there is none, and none is missed.</returns>
    public async Task<bool> GiveUpAsync(PeerId node, CancellationToken cancel)
    {
        FoundLease? found = await ReadAsync(node, 0, cancel);
        if (found is null ? !_known.List().Contains(node) : PackLease.IsGivenUp(found.File, index.StoreId, node)) return false;
        await WriteFileAsync(PackLease.FileNameOf(node), PackLease.EncodeGivenUp(index.StoreId, node), cancel);
        _known.Change([], [node]);
        return true;
    }

    /// <summary>Whether what is there now is what this node wrote last.</summary>
    public async Task<bool> IsOwnThereAsync(CancellationToken cancel) => await ReadAsync(Self, Row.Written.Length, cancel) is { } own && own.File.AsSpan().SequenceEqual(Row.Written);

    /// <param name="own">What is there, and was not written by these rows.</param>
    private void NoteOldRows(FoundLease? own)
    {
        PackLeaseRow? row = PackLeaseRow.Read(metadata, index.StoreId);
        bool isGivenUp = own is not null && PackLease.IsGivenUp(own.File, index.StoreId, Self);

        // A server that replaces a file by removing and renaming, and dies in between, leaves none: then a write was under way.
        bool isOld = own is null ? row is { Writing.Length: 0 } : !isGivenUp && (own.Lease is not { } there || there.Sequence > Row.Sequence);
        if (isOld && !Row.IsOld) Commit(Row with { IsOld = true });
    }

    private void Note(byte[] file)
    {
        PackLeaseRow row = Row;
        Commit(row with { Written = file, Writing = [], Highest = row.Sequence });
    }

    private async Task WriteFileAsync(string name, byte[] file, CancellationToken cancel)
    {
        if (await folder.WriteWhereAsync(PackStoreMark.BeginningOf(index.StoreId), name, file, cancel)) return;
        throw new StoreException($"{folder.Name} was another store a moment ago; it is tried again") { IsUnreachable = true };
    }

    private void Commit(PackLeaseRow row)
    {
        var batch = new MetadataBatch();
        row.Put(batch, index.StoreId);
        metadata.Commit(batch);
    }

    /// <summary>Null when it is not there.</summary>
    private async Task<FoundLease?> ReadAsync(PeerId node, long sizeBytes, CancellationToken cancel)
    {
        // It may have grown since it was listed.
        for (int length = (int)Math.Clamp(sizeBytes, 0, Limits.LeaseBytes) + 1; ; length = Limits.LeaseBytes + 1)
        {
            byte[] buffer = new byte[length];
            if (await folder.ReadAsync(PackLease.FileNameOf(node), 0, buffer, cancel) is not { } read) return null;
            if (read < length) return Parse(node, buffer[..read]);
            if (length > Limits.LeaseBytes) return new FoundLease(node, [], null, "it is too long");
        }
    }

    private FoundLease Parse(PeerId node, byte[] file)
    {
        try
        {
            return new FoundLease(node, file, PackLease.Parse(file, index.StoreId, node), null);
        }
        catch (WireFormatException e)
        {
            return new FoundLease(node, file, null, e.Message); // it blocks, and is named
        }
    }
}
