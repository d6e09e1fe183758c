using System.Buffers.Binary;
using Bazil.Core;
using Bazil.Storage.Metadata;

namespace Bazil.Remotes.Packs;

/// <summary>
/// Which object lies where in the packs of one store. Kept in this node's database; it can always be made anew from the packs themselves, so nothing here is synced.
/// Safe for concurrent use.
/// </summary>
internal sealed partial class PackIndex(IMetadataStore metadata, byte[] storeId)
{
    /// <summary>Rows that are dropped in one commit.</summary>
    private const int DropBatch = 10_000;

    private readonly Lock _gate = PackIndexGate.Of(metadata, storeId); // of all indexes of this store; held from reading rows to committing what follows from them; nothing else is taken while it is held

    /// <summary>Of the store, 16 bytes.</summary>
    public byte[] StoreId => storeId;

    public PackLocation? Find(in ObjectId id) => metadata.Get(ObjectKey(id)) is { } row ? PackLocation.Read(row) : null;

    public PackUse? FindPack(PackId pack) => metadata.Get(PackKey(pack)) is { } row ? PackUse.Read(row) : null;

    /// <summary>
    /// A random number that changes whenever the index loses something. What was concluded from the index while it had another one may be wrong now. 0 before the store is met.
    /// The row is that of a pack without id.
    /// </summary>
    public ulong Generation => metadata.Get(Prefix(Table.RemotePack)) is { Length: sizeof(ulong) } row ? BinaryPrimitives.ReadUInt64BigEndian(row) : 0;

    /// <summary>Begins a generation when there is none.</summary>
    public void Begin(IEntropy entropy)
    {
        lock (_gate)
        {
            if (Generation != 0) return;
            var batch = new MetadataBatch();
            Renew(batch, entropy);
            metadata.Commit(batch);
        }
    }

    /// <summary>All packs that are known, as of now.</summary>
    public IEnumerable<(PackId Id, PackUse Use)> ListPacks()
    {
        using IMetadataCursor cursor = metadata.ScanPrefix(Prefix(Table.RemotePack));
        while (cursor.MoveNext())
        {
            if (cursor.Key.Length > 1 + storeId.Length) yield return (PackId.Read(cursor.Key[(1 + storeId.Length)..]), PackUse.Read(cursor.Value));
        }
    }

    /// <summary>All objects, as of now.</summary>
    public IEnumerable<ObjectId> ListObjects()
    {
        using IMetadataCursor cursor = metadata.ScanPrefix(Prefix(Table.RemoteObject));
        while (cursor.MoveNext()) yield return new ObjectId(cursor.Key[(1 + storeId.Length)..]);
    }

    /// <summary>All objects and where they lie, as of now.</summary>
    public IEnumerable<(ObjectId Id, PackLocation Location)> ListLocations()
    {
        using IMetadataCursor cursor = metadata.ScanPrefix(Prefix(Table.RemoteObject));
        while (cursor.MoveNext()) yield return (new ObjectId(cursor.Key[(1 + storeId.Length)..]), PackLocation.Read(cursor.Value));
    }

    /// <summary>Notes a pack that this node has written: what lies in it replaces what was known of these objects.</summary>
    /// <param name="pack">The pack.</param>
    /// <param name="sizeBytes">Of its file.</param>
    /// <param name="wanted">What of it is wanted, and what is known of each.</param>
    public void AddWritten(PackId pack, long sizeBytes, IEnumerable<(PackEntry Entry, PackTrust Trust)> wanted)
    {
        lock (_gate)
        {
            var batch = new MetadataBatch();
            var losses = new Dictionary<PackId, PackShare>();
            var found = default(PackShare);
            foreach ((PackEntry entry, PackTrust trust) in wanted)
            {
                // A listing may have found the pack between its being written and being noted here.
                if (Find(entry.Id) is { } replaced && replaced.Pack != pack) losses[replaced.Pack] = losses.GetValueOrDefault(replaced.Pack).Add(replaced.Length);
                batch.Put(ObjectKey(entry.Id), new PackLocation(pack, entry.Offset, entry.Length, entry.Checksum, trust).ToRow());
                found = found.Add(entry.Length);
            }

            batch.Put(PackKey(pack), new PackUse(sizeBytes, found.Bytes, found.Objects, IsOwn: true, HasSpare: false, IsDoomed(pack)).ToRow());
            foreach ((PackId other, PackShare lost) in losses) Shrink(batch, other, lost);
            metadata.Commit(batch);
        }
    }

    /// <summary>Notes a pack that was found. What is known of its objects stays, unless that is worth less.</summary>
    /// <param name="pack">The pack.</param>
    /// <param name="sizeBytes">Of its file.</param>
    /// <param name="entries">What it says to hold.</param>
    /// <param name="isOwn">Its name says that this node wrote it.</param>
    /// <param name="evenDoomed">Also what lies in a pack that is announced and was looked into before.</param>
    public void AddFound(PackId pack, long sizeBytes, IEnumerable<PackEntry> entries, bool isOwn, bool evenDoomed = false)
    {
        lock (_gate)
        {
            PackUse? known = FindPack(pack);
            var batch = new MetadataBatch();
            var losses = new Dictionary<PackId, PackShare>();
            var found = default(PackShare);
            bool hasSpare = false;
            foreach (PackEntry entry in known is { IsDoomed: true, SizeBytes: > 0 } && !evenDoomed ? [] : entries)
            {
                var location = new PackLocation(pack, entry.Offset, entry.Length, entry.Checksum, PackTrust.None);
                PackLocation? old = Find(entry.Id);
                bool isHere = old is { } at && at.IsAt(location);
                if (isHere || (old is { } kept && IsWorthMore(kept)))
                {
                    if (isHere) found = found.Add(entry.Length);
                    hasSpare |= !isHere;
                    continue;
                }

                if (old is { } replaced) losses[replaced.Pack] = losses.GetValueOrDefault(replaced.Pack).Add(replaced.Length);
                batch.Put(ObjectKey(entry.Id), location.ToRow());
                found = found.Add(entry.Length);
            }

            batch.Put(PackKey(pack), new PackUse(sizeBytes, found.Bytes, found.Objects, isOwn || known is { IsOwn: true }, hasSpare, known is { IsDoomed: true }).ToRow());
            foreach ((PackId other, PackShare lost) in losses) Shrink(batch, other, lost);
            metadata.Commit(batch);
        }
    }

    /// <summary>Forgets where an object is, if it is still there; false when it was not.</summary>
    public bool Remove(in ObjectId id, PackLocation? onlyAt = null)
    {
        lock (_gate)
        {
            if (Find(id) is not { } found || (onlyAt is { } wanted && !wanted.IsAt(found))) return false;
            var batch = new MetadataBatch();
            batch.Delete(ObjectKey(id));
            Shrink(batch, found.Pack, new PackShare(1, found.Length));
            metadata.Commit(batch);
            return true;
        }
    }

    /// <summary>Notes what reading an object has shown, if it is still there.</summary>
    /// <param name="at">Where it was read.</param>
    /// <param name="trust">Damage begins another generation: what counted as copied is not.</param>
    /// <returns>False when that was known.</returns>
    public bool Judge(in ObjectId id, in PackLocation at, PackTrust trust, IEntropy entropy)
    {
        lock (_gate)
        {
            if (Find(id) is not { } found || !found.IsAt(at) || found.Trust == trust) return false;
            var batch = new MetadataBatch();
            batch.Put(ObjectKey(id), (found with { Trust = trust }).ToRow());
            if (trust == PackTrust.Damaged) Renew(batch, entropy);
            metadata.Commit(batch);
            return true;
        }
    }

    /// <summary>
    /// Forgets packs that are not there any more, and what lay in them. The packs' own rows go last, with the generation: a death before that repeats it.
    /// </summary>
    public void Drop(IReadOnlySet<PackId> packs, IEntropy entropy, CancellationToken cancel)
    {
        var lost = new List<ObjectId>();
        foreach ((ObjectId id, PackLocation location) in ListLocations())
        {
            cancel.ThrowIfCancellationRequested();
            if (packs.Contains(location.Pack)) lost.Add(id);
            if (lost.Count == DropBatch) Drop(lost, packs);
        }

        Drop(lost, packs);
        lock (_gate)
        {
            var batch = new MetadataBatch();
            foreach (PackId pack in packs) batch.Delete(PackKey(pack));
            Renew(batch, entropy);
            metadata.Commit(batch);
        }
    }

    /// <summary>Forgets a pack that holds nothing wanted.</summary>
    public void RemovePack(PackId pack)
    {
        var batch = new MetadataBatch();
        batch.Delete(PackKey(pack));
        metadata.Commit(batch);
    }

    /// <summary>Forgets everything: the packs are to be looked into anew.</summary>
    public void Clear()
    {
        lock (_gate)
        {
            var batch = new MetadataBatch();
            batch.DeletePrefix(Prefix(Table.RemoteObject));
            batch.DeletePrefix(Prefix(Table.RemotePack));
            batch.DeletePrefix(Prefix(Table.RemoteFossil));
            batch.DeletePrefix(PackLeaseRow.Key(storeId)); // with those of others
            metadata.Commit(batch);
        }
    }

    private void Drop(List<ObjectId> lost, IReadOnlySet<PackId> packs)
    {
        lock (_gate)
        {
            var batch = new MetadataBatch();
            foreach (ObjectId id in lost)
            {
                // It may have been put anew since it was listed.
                if (Find(id) is { } location && packs.Contains(location.Pack)) batch.Delete(ObjectKey(id));
            }

            if (batch.Count > 0) metadata.Commit(batch);
        }

        lost.Clear();
    }

    /// <summary>Whether another node's word is nothing against what is known of an object already.</summary>
    private bool IsWorthMore(in PackLocation known) => known.Trust == PackTrust.Verified || (known.Trust == PackTrust.None && !IsDoomed(known.Pack));

    /// <summary>Another generation, with what makes it necessary.</summary>
    private void Renew(MetadataBatch batch, IEntropy entropy)
    {
        byte[] number = new byte[sizeof(ulong)];
        do entropy.Fill(number);
        while (BinaryPrimitives.ReadUInt64BigEndian(number) == 0);
        batch.Put(Prefix(Table.RemotePack), number);
    }

    private void Shrink(MetadataBatch batch, PackId pack, PackShare lost)
    {
        if (FindPack(pack) is { } use) batch.Put(PackKey(pack), use.Less(lost).ToRow());
    }

    private byte[] Prefix(Table table) => new MetadataKey(stackalloc byte[MetadataKey.MaxSize], table).Add(storeId).Bytes.ToArray();

    private byte[] ObjectKey(in ObjectId id) => [(byte)Table.RemoteObject, .. storeId, .. id.Span];

    private byte[] PackKey(PackId pack)
    {
        byte[] key = [(byte)Table.RemotePack, .. storeId, .. new byte[PackId.Size]];
        pack.Write(key.AsSpan(1 + storeId.Length));
        return key;
    }
}
