using Bazil.Core;
using Bazil.Storage.Metadata;

namespace Bazil.Remotes.Packs;

/// <summary>
/// Which object lies where in the packs of one store. Kept in this node's database; it can always be made anew from the packs themselves, so nothing here is synced.
/// Safe for concurrent use.
/// </summary>
internal sealed class PackIndex(IMetadataStore metadata, byte[] storeId)
{
    private readonly Lock _gate = new(); // held from reading rows to committing what follows from them

    /// <summary>Of the store, 16 bytes.</summary>
    public byte[] StoreId => storeId;

    public PackLocation? Find(in ObjectId id) => metadata.Get(ObjectKey(id)) is { } row ? PackLocation.Read(row) : null;

    public PackUse? FindPack(PackId pack) => metadata.Get(PackKey(pack)) is { } row ? PackUse.Read(row) : null;

    /// <summary>All packs that are known, as of now.</summary>
    public IEnumerable<(PackId Id, PackUse Use)> ListPacks()
    {
        using IMetadataCursor cursor = metadata.ScanPrefix(Prefix(Table.RemotePack));
        while (cursor.MoveNext()) yield return (PackId.Read(cursor.Key[(1 + storeId.Length)..]), PackUse.Read(cursor.Value));
    }

    /// <summary>All objects, as of now.</summary>
    public IEnumerable<ObjectId> ListObjects()
    {
        using IMetadataCursor cursor = metadata.ScanPrefix(Prefix(Table.RemoteObject));
        while (cursor.MoveNext()) yield return new ObjectId(cursor.Key[(1 + storeId.Length)..]);
    }

    /// <summary>Notes a pack that was written, whose objects replace what was known of them; or, when <paramref name="isFound"/>, one that others wrote: what is known stays.</summary>
    public void Add(PackId pack, long sizeBytes, IEnumerable<PackEntry> entries, bool isFound)
    {
        lock (_gate)
        {
            var batch = new MetadataBatch();
            var losses = new Dictionary<PackId, long>();
            long wanted = 0;
            foreach (PackEntry entry in entries)
            {
                PackLocation? old = Find(entry.Id);
                if (old is not null && isFound) continue;
                if (old is { } replaced) losses[replaced.Pack] = losses.GetValueOrDefault(replaced.Pack) + replaced.Length;
                batch.Put(ObjectKey(entry.Id), new PackLocation(pack, entry.Offset, entry.Length, entry.Checksum).ToRow());
                wanted += entry.Length;
            }

            batch.Put(PackKey(pack), new PackUse(sizeBytes, wanted).ToRow());
            foreach ((PackId other, long lost) in losses) Shrink(batch, other, lost);
            metadata.Commit(batch);
        }
    }

    /// <summary>Forgets where an object is, if it is still there; false when it was not.</summary>
    public bool Remove(in ObjectId id, PackLocation? onlyAt = null)
    {
        lock (_gate)
        {
            if (Find(id) is not { } found || (onlyAt is { } wanted && wanted != found)) return false;
            var batch = new MetadataBatch();
            batch.Delete(ObjectKey(id));
            Shrink(batch, found.Pack, found.Length);
            metadata.Commit(batch);
            return true;
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
            metadata.Commit(batch);
        }
    }

    private void Shrink(MetadataBatch batch, PackId pack, long lostBytes)
    {
        if (FindPack(pack) is { } use) batch.Put(PackKey(pack), (use with { WantedBytes = use.WantedBytes - lostBytes }).ToRow());
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
