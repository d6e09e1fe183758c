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
    public PeerId Self => key.PeerId;

    /// <summary>When this node announced what waits.</summary>
    public DateTimeOffset Since => DateTimeOffset.FromUnixTimeSeconds(Math.Clamp(PackLeaseRow.Read(metadata, index.StoreId)?.Since ?? 0, 0, int.MaxValue));

    /// <summary>All leases that are there now.</summary>
    /// <exception cref="StoreException">The folder failed, or there are more than are looked at: then nobody knows who relies on what is there.</exception>
    public async Task<List<FoundLease>> ListAsync(CancellationToken cancel)
    {
        List<(PeerId Node, long SizeBytes)> files = [];
        await foreach (RemoteFile file in folder.ListAsync(PackLease.Directory, cancel))
        {
            if (PackLease.TryParseFileName(file.Name, out PeerId node)) files.Add((node, file.SizeBytes));
            if (files.Count > Limits.LeasesMax) throw new StoreException($"{folder.Name}: there are more than {Limits.LeasesMax} leases in {PackLease.Directory}; remove those of nodes that do not exist");
        }

        var found = new List<FoundLease>();
        foreach ((PeerId node, long sizeBytes) in files.OrderBy(static file => file.Node))
        {
            if (await ReadAsync(node, sizeBytes, cancel) is { } lease) found.Add(lease);
        }

        return found;
    }

    /// <summary>
    /// This node's own lease, which it makes if there is none. When what is there is not what this node wrote, then others may have done without asking it: nothing that it knew of the store counts any more.
    /// </summary>
    /// <param name="found">The leases that are there.</param>
    /// <returns>The lease; whether it was written now; whether what was there was not what this node wrote: then this node removes nothing in this run.</returns>
    public async Task<(PackLease Lease, bool IsNew, bool IsDoubtful)> RequireOwnAsync(IReadOnlyList<FoundLease> found, CancellationToken cancel)
    {
        FoundLease? own = found.FirstOrDefault(lease => lease.Node == Self);
        PackLeaseRow? row = PackLeaseRow.Read(metadata, index.StoreId);
        if (own is { Lease: { } known } && row?.IsOurs(own.File) == true)
        {
            Note(own.File, row.Since);
            return (known, false, false);
        }

        // Before anything is said about it, so that a death in between repeats this.
        if (row is not null) index.Distrust(entropy, cancel);
        if (own is { Lease: { } other })
        {
            // What it announces and answers was said by rows that are not these: packs that it names may hold what this node, or another one, needs now.
            return (await WriteAsync(other with { Sequence = other.Sequence + 1, Round = Guid.Empty, Doomed = [], Answers = ImmutableSortedDictionary<PeerId, Guid>.Empty }, isNewRound: false, cancel), true, true);
        }

        PackLease first = PackLease.First(Self) with { Sequence = 1 + (ulong)time.GetUtcNow().ToUnixTimeSeconds() };
        return (await WriteAsync(first, isNewRound: false, cancel), true, row is not null || own is not null);
    }

    /// <summary>Writes this node's lease, after all rows that it rests on.</summary>
    public async Task<PackLease> WriteAsync(PackLease lease, bool isNewRound, CancellationToken cancel)
    {
        byte[] file = lease.Encode(index.StoreId, key);
        PackLeaseRow row = PackLeaseRow.Read(metadata, index.StoreId) ?? new PackLeaseRow([], [], 0);
        row = row with { Writing = file, Since = isNewRound ? time.GetUtcNow().ToUnixTimeSeconds() : row.Since };
        Commit(row);
        metadata.Sync();
        if (!await folder.WriteWhereAsync(PackStoreMark.BeginningOf(index.StoreId), lease.FileName, file, cancel))
        {
            throw new StoreException($"{folder.Name} was another store a moment ago; it is tried again") { IsUnreachable = true };
        }

        Note(file, row.Since);
        return lease;
    }

    /// <summary>Removes the lease of a node. What that node keeps there is not safe from the others after this.</summary>
    public ValueTask<bool> RemoveAsync(in PeerId node, CancellationToken cancel) => folder.DeleteAsync(PackLease.FileNameOf(node), cancel);

    private void Note(byte[] file, long since) => Commit(new PackLeaseRow(file, [], since));

    private void Commit(PackLeaseRow row)
    {
        var batch = new MetadataBatch();
        row.Put(batch, index.StoreId);
        metadata.Commit(batch);
    }

    /// <summary>Null when it is gone since it was listed.</summary>
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
