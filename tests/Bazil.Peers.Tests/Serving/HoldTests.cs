using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.Peers.Calling;
using Bazil.Peers.Protocol;
using Bazil.Peers.Tests.Nodes;
using Bazil.Storage.Collection;
using Bazil.Storage.Eviction;
using Bazil.Storage.Metadata;
using Bazil.Storage.Stores;
using Bazil.Testing;
using Google.Protobuf;

namespace Bazil.Peers.Tests.Serving;

public sealed class HoldTests
{
    private static HoldClaim Claim { get; } = new(new VolumeId(7), Knowledge.Of([KeyValuePair.Create(new ReplicaId(3), 5UL), KeyValuePair.Create(new ReplicaId(9), 700UL)]));

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Peer_holds_what_is_there_until_it_releases_it()
    {
        await using var nodes = await TwoNodes.StartAsync();
        (CollectingObjectStore store, ObjectHolds holds) = Offer(nodes);
        await store.PutAsync(Id(1), new byte[5], Cancel);
        var ticket = new HoldTicket(7);

        Assert.Equal([HoldAnswer.Held, HoldAnswer.Absent], await nodes.Call.Store.HoldAsync(ticket, Claim, [Id(1), Id(2)], Cancel));
        Assert.Equal(nodes.Black.Id, Assert.Single(holds.List()).Peer);
        using (ObjectEviction eviction = store.BeginEviction()) Assert.True(eviction.IsKept(Id(1)));

        HoldClaim other = Claim with { Known = Claim.Known.With(new Version(6, new ReplicaId(3))) };
        Assert.Equal([HoldAnswer.Absent], await nodes.Call.Store.HoldAsync(new HoldTicket(8), other, [Id(1)], Cancel));
        Assert.Single(holds.ListObjects());

        await nodes.Call.Store.ReleaseAsync(ticket, Cancel);
        await nodes.Call.Store.ReleaseAsync(ticket, Cancel); // again is fine
        Assert.Empty(holds.List());
    }

    [Fact]
    public async Task Who_may_not_use_the_storage_holds_nothing_and_hears_how_to_be_allowed()
    {
        await using var nodes = await TwoNodes.StartAsync();
        var refused = await Assert.ThrowsAsync<StoreException>(async () => await nodes.Call.Store.HoldAsync(new HoldTicket(7), Claim, [Id(1)], Cancel));
        Assert.Contains("bazil peer storage allow", refused.Message);
        await Assert.ThrowsAsync<StoreException>(async () => await nodes.Call.Store.ReleaseAsync(new HoldTicket(7), Cancel));
    }

    [Fact]
    public async Task Requests_that_make_no_sense_are_answered_as_such_and_hold_nothing()
    {
        await using var nodes = await TwoNodes.StartAsync();
        (_, ObjectHolds holds) = Offer(nodes);
        using var link = await nodes.Black.DialAsync(nodes.White);
        ByteString id = ByteString.CopyFrom(new byte[32]), ticket = ByteString.CopyFrom(new byte[16]), shorter = ByteString.CopyFrom(new byte[15]);
        ByteString volume = ticket, known = ByteString.CopyFrom(KnowledgeCodec.Encode(Claim.Known));
        var cases = new (string Path, byte[] Body)[]
        {
            (PeerPaths.ObjectsHold, []),
            (PeerPaths.ObjectsHold, [0xff]),
            (PeerPaths.ObjectsHold, new HoldObjects { Volume = volume, Known = known, Ids = { id } }.ToByteArray()),
            (PeerPaths.ObjectsHold, new HoldObjects { Volume = volume, Known = known, Ticket = shorter, Ids = { id } }.ToByteArray()),
            (PeerPaths.ObjectsHold, new HoldObjects { Volume = volume, Known = known, Ticket = ticket }.ToByteArray()),
            (PeerPaths.ObjectsHold, new HoldObjects { Volume = volume, Known = known, Ticket = ticket, Ids = { shorter } }.ToByteArray()),
            (PeerPaths.ObjectsHold, new HoldObjects { Volume = volume, Known = known, Ticket = ticket, Ids = { Enumerable.Repeat(id, Limits.IdsPerRequest + 1) } }.ToByteArray()),
            (PeerPaths.ObjectsHold, new HoldObjects { Ticket = ticket, Ids = { id } }.ToByteArray()),
            (PeerPaths.ObjectsHold, new HoldObjects { Ticket = ticket, Ids = { id }, Known = known }.ToByteArray()),
            (PeerPaths.ObjectsHold, new HoldObjects { Ticket = ticket, Ids = { id }, Volume = volume }.ToByteArray()),
            (PeerPaths.ObjectsHold, new HoldObjects { Ticket = ticket, Ids = { id }, Volume = shorter, Known = known }.ToByteArray()),
            (PeerPaths.ObjectsHold, new HoldObjects { Ticket = ticket, Ids = { id }, Volume = volume, Known = ByteString.CopyFrom([.. known.Span, 0]) }.ToByteArray()),
            (PeerPaths.ObjectsRelease, []),
            (PeerPaths.ObjectsRelease, new ReleaseObjects { Ticket = shorter }.ToByteArray()),
        };
        foreach (var (path, body) in cases) Assert.Equal((path, 400), (path, await StatusAsync(link, path, body)));
        Assert.Empty(holds.List());
    }

    [Fact]
    public async Task Peer_that_asks_for_more_than_its_share_is_told_so()
    {
        await using var nodes = await TwoNodes.StartAsync();
        (CollectingObjectStore store, ObjectHolds holds) = Offer(nodes);
        await store.PutAsync(Id(1), new byte[5], Cancel);
        for (uint ticket = 0; ticket < EvictionLimits.HoldsPerPeer; ticket++) await nodes.Call.Store.HoldAsync(new HoldTicket(ticket), Claim, [Id(1)], Cancel);
        Assert.Equal([HoldAnswer.Full], await nodes.Call.Store.HoldAsync(new HoldTicket(999), Claim, [Id(1)], Cancel));
        Assert.Equal(EvictionLimits.HoldsPerPeer, Assert.Single(holds.List()).Requests);
    }

    private static (CollectingObjectStore Store, ObjectHolds Holds) Offer(TwoNodes nodes)
    {
        var metadata = new MemoryMetadataStore();
        var holds = new ObjectHolds(metadata, new ManualTime());
        var store = new CollectingObjectStore(new MemoryObjectStore("local"), metadata, new SodiumEntropy(), holds);
        nodes.White.Holds[nodes.Black.Id] = new HoldGranter(store, holds, nodes.White.Id, (peer, claim, _) => new ValueTask<bool>(peer == nodes.Black.Id && claim.Volume == Claim.Volume && claim.Known.Equals(Claim.Known)));
        return (store, holds);
    }

    private static ObjectId Id(byte first)
    {
        byte[] id = new byte[ObjectId.Size];
        id[0] = first;
        return new ObjectId(id);
    }

    private static async Task<int> StatusAsync(PeerLink link, string path, byte[] body)
    {
        using var response = await link.PostAsync(path, new ByteArrayContent(body), Cancel);
        await response.Content.ReadAsByteArrayAsync(Cancel);
        return (int)response.StatusCode;
    }
}
