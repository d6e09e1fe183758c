using Bazil.Storage.Metadata;

namespace Bazil.Remotes.Tests.Packs.Model;

/// <summary>A copy of what a node had on its disk.</summary>
internal sealed record NodeBackup(MemoryMetadataStore Metadata, HashSet<int> Held, HashSet<int> Needed, ulong Generation)
{
    public static MemoryMetadataStore Copy(MemoryMetadataStore from)
    {
        var copy = new MemoryMetadataStore();
        var batch = new MetadataBatch();
        using IMetadataCursor cursor = from.Scan([], []);
        while (cursor.MoveNext()) batch.Put(cursor.Key, cursor.Value);
        copy.Commit(batch);
        copy.Sync();
        return copy;
    }
}
