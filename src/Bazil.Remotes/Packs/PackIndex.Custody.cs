using System.Buffers.Binary;
using Bazil.Core;
using Bazil.Storage.Collection;
using Bazil.Storage.Metadata;

namespace Bazil.Remotes.Packs;

/// <summary>What this node relies on in the store, and what it is about to rely on no more (docs/gc.md, "Stores that nodes share").</summary>
internal sealed partial class PackIndex
{
    /// <summary>
    /// Counts on an object that this node knows to be there: it stays until a later collection finds it unused twice. False when it is not known for sure, or lies in a pack that is
    /// about to go: then it is to be put anew.
    /// </summary>
    /// <param name="id">The object.</param>
    /// <param name="checksum">Of the bytes that it should have; null for any.</param>
    public bool Rely(in ObjectId id, ObjectChecksum? checksum = null)
    {
        lock (_gate)
        {
            if (Find(id) is not { Trust: PackTrust.Verified } at || (checksum is { } wanted && wanted != at.Checksum) || FindPack(at.Pack) is not { IsDoomed: false }) return false;
            RestoreHeld(id);
            return true;
        }
    }

    /// <summary>Makes a fossil an ordinary object again: it is put anew.</summary>
    public void Restore(in ObjectId id)
    {
        lock (_gate) RestoreHeld(id);
    }

    public bool IsDoomed(PackId pack) => FindPack(pack) is { IsDoomed: true };

    /// <summary>Notes packs that a node is about to remove, known or not. From now on nobody relies on them.</summary>
    public void Doom(IEnumerable<PackId> packs)
    {
        foreach (PackId[] some in packs.Chunk(Limits.FossilBatch))
        {
            lock (_gate)
            {
                var batch = new MetadataBatch();
                foreach (PackId pack in some)
                {
                    PackUse use = FindPack(pack) ?? default;
                    if (!use.IsDoomed) batch.Put(PackKey(pack), (use with { IsDoomed = true }).ToRow());
                }

                metadata.Commit(batch);
            }
        }
    }

    /// <summary>Notes that this node is about to remove a pack; false when something that it wants lies in it after all.</summary>
    public bool TryDoom(PackId pack)
    {
        lock (_gate)
        {
            if (FindPack(pack) is not { WantedBytes: 0 } use) return false;
            var batch = new MetadataBatch();
            batch.Put(PackKey(pack), (use with { IsDoomed = true }).ToRow());
            metadata.Commit(batch);
            return true;
        }
    }

    /// <summary>Takes another copy of an object for its place, if it is still where it was.</summary>
    public bool TryMove(in ObjectId id, in PackLocation from, in PackLocation to)
    {
        lock (_gate)
        {
            if (Find(id) is not { } found || !found.IsAt(from) || IsDoomed(to.Pack) || FindPack(to.Pack) is not { } use) return false;
            var batch = new MetadataBatch();
            batch.Put(ObjectKey(id), to.ToRow());
            batch.Put(PackKey(to.Pack), (use with { WantedBytes = use.WantedBytes + to.Length, WantedObjects = use.WantedObjects + 1 }).ToRow());
            Shrink(batch, from.Pack, new PackShare(1, from.Length));
            metadata.Commit(batch);
            return true;
        }
    }

    /// <summary>What was known for sure is hearsay from now on, and another generation begins: whatever is needed is looked for anew.</summary>
    public void Distrust(IEntropy entropy, CancellationToken cancel)
    {
        foreach ((ObjectId id, PackLocation location)[] some in ListLocations().Where(static entry => entry.Location.Trust == PackTrust.Verified).Chunk(Limits.FossilBatch))
        {
            cancel.ThrowIfCancellationRequested();
            lock (_gate)
            {
                var batch = new MetadataBatch();
                foreach ((ObjectId id, PackLocation location) in some)
                {
                    if (Find(id) is { } found && found.IsAt(location)) batch.Put(ObjectKey(id), (found with { Trust = PackTrust.None }).ToRow());
                }

                metadata.Commit(batch);
            }
        }

        lock (_gate)
        {
            var batch = new MetadataBatch();
            batch.DeletePrefix(Prefix(Table.RemoteFossil)); // they were found by what is not believed any more
            Renew(batch, entropy);
            metadata.Commit(batch);
        }
    }

    /// <summary>
    /// Looks at all rows of objects for those in some packs, and makes the packs' own rows say that. A pack goes by this, not by its row alone: what the row says to be wanted may be too little, and then something is lost.
    /// </summary>
    /// <returns>The packs that hold something.</returns>
    public HashSet<PackId> Recount(IReadOnlySet<PackId> packs, CancellationToken cancel)
    {
        var shares = new Dictionary<PackId, PackShare>();
        if (packs.Count == 0) return [];
        foreach ((ObjectId _, PackLocation location) in ListLocations())
        {
            cancel.ThrowIfCancellationRequested();
            if (packs.Contains(location.Pack)) shares[location.Pack] = shares.GetValueOrDefault(location.Pack).Add(location.Length);
        }

        lock (_gate)
        {
            var batch = new MetadataBatch();
            foreach (PackId pack in packs)
            {
                PackShare share = shares.GetValueOrDefault(pack);
                if (FindPack(pack) is { } use && use.WantedBytes != share.Bytes) batch.Put(PackKey(pack), (use with { WantedBytes = share.Bytes, WantedObjects = share.Objects }).ToRow());
            }

            if (batch.Count > 0) metadata.Commit(batch);
        }

        return [.. shares.Keys];
    }

    /// <summary>
    /// The rows' part of a collection: makes fossils of what nothing refers to, ordinary objects of fossils that something refers to, and forgets those that are ripe. Asks nobody: it has to be done in each
    /// collection, also while the folder is away, or a fossil would be ripe that was in use meanwhile.
    /// </summary>
    /// <param name="order">The collection.</param>
    /// <param name="mayForgetHearsay">Of packs that others remove, what this node does not rely on and nothing refers to is forgotten at once.</param>
    /// <param name="isCollected">Whether this node removes a pack when it is of no use to it: then all that lies in it counts, not only what this node relies on.</param>
    /// <param name="lost">Told what is forgotten, and where it lies.</param>
    public async ValueTask<SweepReport> SweepAsync(SweepOrder order, bool mayForgetHearsay, Func<PackId, bool> isCollected, Action<PackLocation> lost, CancellationToken cancel)
    {
        var sweep = new FossilSweep(order);
        using IMetadataCursor fossils = metadata.ScanPrefix(Prefix(Table.RemoteFossil));
        bool hasFossil = fossils.MoveNext();
        foreach ((ObjectId id, PackLocation location) in ListLocations())
        {
            while (hasFossil && IdOf(fossils).Span.SequenceCompareTo(id.Span) < 0)
            {
                sweep.Stale(IdOf(fossils), GenerationOf(fossils.Value)); // the object is not there any more
                hasFossil = fossils.MoveNext();
            }

            ulong? generation = null;
            if (hasFossil && IdOf(fossils) == id)
            {
                generation = GenerationOf(fossils.Value);
                hasFossil = fossils.MoveNext();
            }

            bool isKept = location.Trust == PackTrust.Verified || isCollected(location.Pack);
            if (sweep.Judge(id, location, generation, isKept, isDoomed: mayForgetHearsay && !isKept && IsDoomed(location.Pack))) lost(location);
            if (sweep.IsFull) Apply(sweep);
            await order.Pace.StepAsync(cancel);
        }

        for (; hasFossil; hasFossil = fossils.MoveNext()) sweep.Stale(IdOf(fossils), GenerationOf(fossils.Value));
        Apply(sweep);
        return sweep.Report;
    }

    /// <summary>Nothing counts as unused any more: what is, is found by two collections from now on.</summary>
    public void ForgetFossils()
    {
        lock (_gate)
        {
            var batch = new MetadataBatch();
            batch.DeletePrefix(Prefix(Table.RemoteFossil));
            metadata.Commit(batch);
        }
    }

    private static ulong GenerationOf(ReadOnlySpan<byte> row) => row.Length == sizeof(ulong) ? BinaryPrimitives.ReadUInt64BigEndian(row) : throw new WireFormatException("malformed row of a fossil");

    /// <summary>Does what a sweep has found, but for objects that were put or counted on meanwhile.</summary>
    private void Apply(FossilSweep sweep)
    {
        lock (_gate)
        {
            var batch = new MetadataBatch();
            var losses = new Dictionary<PackId, PackShare>();
            byte[] row = new byte[sizeof(ulong)];
            foreach (FossilChange change in sweep.Take())
            {
                byte[] key = FossilKey(change.Id);
                ulong? found = metadata.Get(key) is { } known ? GenerationOf(known) : null;
                if (found != change.Before) continue;
                if (change.Forgotten is { } location)
                {
                    if (Find(change.Id) is not { } at || !at.IsAt(location)) continue;
                    batch.Delete(ObjectKey(change.Id));
                    losses[location.Pack] = losses.GetValueOrDefault(location.Pack).Add(location.Length);
                }

                if (change.After is not { } generation)
                {
                    batch.Delete(key);
                    continue;
                }

                BinaryPrimitives.WriteUInt64BigEndian(row, generation);
                batch.Put(key, row);
            }

            foreach ((PackId pack, PackShare lost) in losses) Shrink(batch, pack, lost);
            metadata.Commit(batch);
        }
    }

    private void RestoreHeld(in ObjectId id)
    {
        byte[] key = FossilKey(id);
        if (metadata.Get(key) is null) return;
        var batch = new MetadataBatch();
        batch.Delete(key);
        metadata.Commit(batch);
    }

    private ObjectId IdOf(IMetadataCursor cursor) => new(cursor.Key[(1 + storeId.Length)..]);

    private byte[] FossilKey(in ObjectId id) => [(byte)Table.RemoteFossil, .. storeId, .. id.Span];
}
