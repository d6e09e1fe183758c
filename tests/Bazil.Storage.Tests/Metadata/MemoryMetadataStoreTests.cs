using Bazil.Storage.Metadata;
using Bazil.Testing;

namespace Bazil.Storage.Tests.Metadata;

public class MemoryMetadataStoreTests : MetadataStoreContract
{
    protected override IMetadataStore CreateStore() => new MemoryMetadataStore();

    [Fact]
    public void Power_cut_keeps_what_was_synced_and_a_prefix_of_the_rest()
    {
        Seed seed = Seed.Take(1);
        Random random = seed.CreateRandom();
        HashSet<int> lengths = [];
        for (int round = 0; round < 200; round++)
        {
            using var store = new MemoryMetadataStore();
            for (int i = 0; i < 10; i++)
            {
                Put(store, [(byte)i], [(byte)i]);
                if (i == 3) store.Sync();
            }

            Assert.Equal(6, store.UnsyncedCount);
            int lost = store.LoseUnsynced(random);
            Assert.Equal(0, store.UnsyncedCount);
            for (int i = 0; i < 10; i++) Assert.True(store.Get([(byte)i]) is not null == i < 10 - lost, $"{i}, lost {lost}, {seed}");
            lengths.Add(lost);
        }

        Assert.Equal([0, 1, 2, 3, 4, 5, 6], lengths.Order());
    }
}
