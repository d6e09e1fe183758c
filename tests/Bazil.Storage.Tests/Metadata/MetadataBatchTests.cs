using Bazil.Storage.Metadata;

namespace Bazil.Storage.Tests.Metadata;

public sealed class MetadataBatchTests
{
    [Fact]
    public void Batch_that_was_wiped_is_empty_and_can_be_used_again()
    {
        var batch = new MetadataBatch();
        batch.Put([1], [2, 3]);
        batch.Wipe();
        Assert.Equal(0, batch.Count);
        batch.Put([4], [5]);
        using var store = new MemoryMetadataStore();
        store.Commit(batch);
        Assert.Null(store.Get([1]));
        Assert.Equal([5], store.Get([4]));
    }
}
