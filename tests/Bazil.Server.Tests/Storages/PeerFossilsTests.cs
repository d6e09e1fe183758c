using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.Server.Storages;
using Bazil.Storage.Collection;
using Bazil.Storage.Metadata;
using Bazil.Storage.Stores;

namespace Bazil.Server.Tests.Storages;

public sealed class PeerFossilsTests
{
    private static readonly ObjectId _id = new([.. Enumerable.Repeat((byte)7, ObjectId.Size)]);

    /// <summary>The sweep has looked at the mark and not yet written the row; a put that comes right then must leave no fossil behind.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Object_that_is_put_at_the_peer_during_a_collection_does_not_become_a_fossil(bool startsAgain)
    {
        using var metadata = new MemoryMetadataStore();
        using SigningKey key = SigningKey.Generate(new SodiumEntropy());
        await using var local = new CollectingObjectStore(new MemoryObjectStore("local"), metadata, new SodiumEntropy());
        var fossils = new PeerFossils(metadata, key.PeerId);
        if (startsAgain) fossils.Add([_id], Order(1, static _ => false));
        using (ObjectCollection collection = local.Begin(isDryRun: false))
        {
            SweepOrder order = Order(2, collection.IsMarked) with { StartsAgain = startsAgain };
            Assert.False(order.IsMarked(_id)); // what the sweep has looked at

            local.NotePutElsewhere(_id); // as a put does, in this order
            await fossils.RestoreAsync(_id, TestContext.Current.CancellationToken);
            fossils.Add([_id], order);
            await fossils.SweepAsync(order, TestContext.Current.CancellationToken);
            Assert.Null(fossils.Find(_id));
        }

        fossils.Add([_id], Order(3, static _ => false));
        Assert.Equal(3ul, fossils.Find(_id));
    }

    private static SweepOrder Order(ulong generation, Func<ObjectId, bool> isMarked) => new(generation, isMarked, static _ => true, StartsAgain: false, IsDryRun: false, Pace.Full);
}
