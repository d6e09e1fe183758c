using Bazil.Storage.Metadata;

namespace Bazil.Storage.Collection;

/// <summary>The rows of fossils in stores elsewhere: store id (16) ‖ object id → generation (BE64). Each store looks after its own.</summary>
public static class RemoteFossils
{
    private const int StoreIdBytes = 16;

    /// <summary>Whether there are any.</summary>
    public static bool Any(IMetadataReader metadata)
    {
        using IMetadataCursor cursor = metadata.ScanPrefix([(byte)Table.RemoteFossil]);
        return cursor.MoveNext();
    }

    /// <summary>Deletes those of all stores but some.</summary>
    public static void DeleteOthers(IMetadataStore metadata, IReadOnlySet<Guid> stores)
    {
        byte[] from = [(byte)Table.RemoteFossil], end = [(byte)Table.RemoteFossil + 1];
        var batch = new MetadataBatch();
        for (;;)
        {
            using IMetadataCursor cursor = metadata.Scan(from, end);
            if (!cursor.MoveNext()) break;
            byte[] prefix = cursor.Key[..(1 + StoreIdBytes)].ToArray();
            if (!stores.Contains(new Guid(prefix.AsSpan(1), bigEndian: true))) batch.DeletePrefix(prefix);

            // Behind all objects of this store.
            from = [.. prefix, .. Enumerable.Repeat(byte.MaxValue, MetadataKey.MaxSize - prefix.Length)];
        }

        metadata.Commit(batch);
    }
}
