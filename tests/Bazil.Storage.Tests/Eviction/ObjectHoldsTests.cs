using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.Storage.Collection;
using Bazil.Storage.Eviction;
using Bazil.Storage.Metadata;
using Bazil.Storage.Stores;
using Bazil.Storage.Tests.Collection;
using Bazil.Testing;

namespace Bazil.Storage.Tests.Eviction;

public sealed class ObjectHoldsTests : IAsyncDisposable
{
    private static readonly PeerId _self = PeerOf(5), _low = PeerOf(1), _high = PeerOf(9);
    private readonly MemoryObjectStore _inner = new("local");
    private readonly MemoryMetadataStore _metadata = new();
    private readonly ManualTime _time = new();
    private ObjectHolds _holds;
    private CollectingObjectStore _store;
    private HoldGranter _granter;

    public ObjectHoldsTests() => (_holds, _store, _granter) = Open();

    private static HoldClaim Claim { get; } = new(new VolumeId(7), Knowledge.Empty);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    [Fact]
    public async Task What_is_there_is_held_through_a_restart_and_a_power_cut_and_what_is_not_is_told()
    {
        await PutAsync(1, 2);
        Assert.Equal([HoldAnswer.Held, HoldAnswer.Absent], await _granter.HoldAsync(_low, Ticket(1), Claim, [Ids.Of(1), Ids.Of(3)], Cancel));
        _metadata.LoseUnsynced(new Random(1));
        (_holds, _store, _granter) = Open();
        Assert.Equal([Ids.Of(1)], _holds.ListObjects());
        Assert.Equal(0, await EvictAsync(1));
        Assert.Equal(1, await EvictAsync(2));

        _granter.Release(_low, Ticket(1));
        Assert.Empty(_holds.ListObjects());
        Assert.Equal(1, await EvictAsync(1));
    }

    [Fact]
    public async Task What_is_not_kept_when_the_hold_is_over_is_not_held_and_what_the_ticket_held_before_stays_so()
    {
        await PutAsync(1, 2);
        HoldClaim other = Claim with { Volume = new VolumeId(8) };
        Assert.Equal([HoldAnswer.Absent, HoldAnswer.Absent], await _granter.HoldAsync(_low, Ticket(1), other, [Ids.Of(1), Ids.Of(2)], Cancel));
        Assert.Empty(_holds.ListObjects());
        Assert.False(HasRows());

        Assert.Equal([HoldAnswer.Held], await _granter.HoldAsync(_low, Ticket(1), Claim, [Ids.Of(1)], Cancel));
        Assert.Equal([HoldAnswer.Absent], await _granter.HoldAsync(_low, Ticket(1), other, [Ids.Of(2)], Cancel));
        Assert.Equal([Ids.Of(1)], _holds.ListObjects());
        Assert.Equal(1, await EvictAsync(2));
    }

    [Fact]
    public async Task Hold_expires_after_its_time_and_after_a_restart_lasts_as_long_again()
    {
        await PutAsync(1);
        await _granter.HoldAsync(_low, Ticket(1), Claim, [Ids.Of(1)], Cancel);
        _time.Advance(EvictionLimits.HoldDuration - TimeSpan.FromSeconds(1));
        Assert.Single(_holds.ListObjects());
        (_holds, _store, _granter) = Open();
        _time.Advance(EvictionLimits.HoldDuration - TimeSpan.FromSeconds(1));
        Assert.Equal(0, await EvictAsync(1));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Empty(_holds.List());
        Assert.Equal(1, await EvictAsync(1));
        Assert.False(HasRows());
    }

    [Fact]
    public async Task The_same_ticket_again_replaces_what_it_holds_and_begins_its_time_anew()
    {
        await PutAsync(1, 2);
        await _granter.HoldAsync(_low, Ticket(1), Claim, [Ids.Of(1)], Cancel);
        _time.Advance(EvictionLimits.HoldDuration / 2);
        await _granter.HoldAsync(_low, Ticket(1), Claim, [Ids.Of(2)], Cancel);
        Assert.Equal([Ids.Of(2)], _holds.ListObjects());
        _time.Advance(EvictionLimits.HoldDuration / 2);
        Assert.Single(_holds.ListObjects());
    }

    [Fact]
    public async Task Request_that_is_cut_off_leaves_what_the_ticket_held_before()
    {
        await PutAsync(1, 2);
        await _granter.HoldAsync(_low, Ticket(1), Claim, [Ids.Of(1)], Cancel);
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _granter.HoldAsync(_low, Ticket(1), Claim, [Ids.Of(2)], cancelled.Token));
        Assert.Equal([Ids.Of(1)], _holds.ListObjects());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _granter.HoldAsync(_low, Ticket(2), Claim, [Ids.Of(2)], cancelled.Token));
        Assert.Equal([Ids.Of(1)], _holds.ListObjects());
    }

    [Fact]
    public async Task Hold_outlives_collections_of_garbage_and_makes_a_fossil_an_object_again()
    {
        await PutAsync(1, 2);
        await CollectAsync();
        Assert.Equal([HoldAnswer.Held], await _granter.HoldAsync(_low, Ticket(1), Claim, [Ids.Of(1)], Cancel));
        for (int run = 0; run < 3; run++) await CollectAsync();
        Assert.True(await _store.HasAsync(Ids.Of(1), Cancel));
        Assert.False(await _store.HasAsync(Ids.Of(2), Cancel));

        _granter.Release(_low, Ticket(1));
        for (int run = 0; run < 2; run++) await CollectAsync();
        Assert.False(await _store.HasAsync(Ids.Of(1), Cancel));
    }

    [Fact]
    public async Task Of_two_that_evict_the_same_the_lower_keeps_and_the_higher_goes_on()
    {
        await PutAsync(1, 2);
        using ObjectEviction eviction = _store.BeginEviction();
        _store.Offer([Ids.Of(1), Ids.Of(2)]);

        Assert.Equal([HoldAnswer.Leaving], await _granter.HoldAsync(_low, Ticket(1), Claim, [Ids.Of(1)], Cancel)); // that one keeps it
        Assert.Equal([HoldAnswer.Held], await _granter.HoldAsync(_high, Ticket(1), Claim, [Ids.Of(2)], Cancel));
        Assert.True(await eviction.TryDeleteAsync(Ids.Of(1), Cancel));
        Assert.False(await eviction.TryDeleteAsync(Ids.Of(2), Cancel));
    }

    [Fact]
    public async Task Hold_that_comes_during_an_eviction_is_kept_by_it_and_a_hit_too()
    {
        await PutAsync(1, 2, 3);
        using ObjectEviction eviction = _store.BeginEviction();
        Assert.Equal([HoldAnswer.Held], await _granter.HoldAsync(_high, Ticket(1), Claim, [Ids.Of(1)], Cancel));
        Assert.True(await _store.TouchAsync(Ids.Of(2), Cancel));
        Assert.False(await eviction.TryDeleteAsync(Ids.Of(1), Cancel));
        Assert.False(await eviction.TryDeleteAsync(Ids.Of(2), Cancel));
        Assert.True(await eviction.TryDeleteAsync(Ids.Of(3), Cancel));
        Assert.False(await _store.TouchAsync(Ids.Of(3), Cancel)); // whoever wants it writes it anew
        await PutAsync(3);
        Assert.True(await _store.HasAsync(Ids.Of(3), Cancel));
    }

    [Fact]
    public async Task One_peer_cannot_hold_everything_and_does_not_take_the_place_of_others()
    {
        await PutAsync(1);
        for (uint ticket = 0; ticket < EvictionLimits.HoldsPerPeer; ticket++) Assert.Equal([HoldAnswer.Held], await _granter.HoldAsync(_low, Ticket(ticket), Claim, [Ids.Of(1)], Cancel));
        Assert.Equal([HoldAnswer.Full], await _granter.HoldAsync(_low, Ticket(99), Claim, [Ids.Of(1)], Cancel));
        Assert.Equal([HoldAnswer.Held], await _granter.HoldAsync(_high, Ticket(99), Claim, [Ids.Of(1)], Cancel));
        Assert.Equal([HoldAnswer.Held], await _granter.HoldAsync(_low, Ticket(3), Claim, [Ids.Of(1)], Cancel)); // again
        HeldByPeer held = Assert.Single(_holds.List(), held => held.Peer == _low);
        Assert.Equal((EvictionLimits.HoldsPerPeer, EvictionLimits.HoldsPerPeer), (held.Requests, (int)held.Objects));
        _time.Advance(EvictionLimits.HoldDuration);
        Assert.Equal([HoldAnswer.Held], await _granter.HoldAsync(_low, Ticket(99), Claim, [Ids.Of(1)], Cancel));
    }

    [Fact]
    public async Task Nothing_that_is_not_there_takes_a_row()
    {
        Assert.Equal([HoldAnswer.Absent], await _granter.HoldAsync(_low, Ticket(1), Claim, [Ids.Of(1)], Cancel));
        Assert.False(HasRows());
        Assert.Empty(_holds.List());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1 + 31)]
    [InlineData(-1)]
    public async Task Damaged_row_is_named(int length)
    {
        await PutAsync(1);
        await _granter.HoldAsync(_low, Ticket(1), Claim, [Ids.Of(1)], Cancel);
        byte[] key, value;
        using (IMetadataCursor cursor = _metadata.ScanPrefix([(byte)Table.Hold]))
        {
            Assert.True(cursor.MoveNext());
            (key, value) = (cursor.Key.ToArray(), cursor.Value.ToArray());
        }

        if (length < 0) value[0] = 9;
        var batch = new MetadataBatch();
        batch.Put(key, length < 0 ? value : value[..length]);
        _metadata.Commit(batch);
        Assert.Contains("hold", Assert.Throws<WireFormatException>(() => Open()).Message);
    }

    [Fact]
    public async Task An_eviction_begins_with_holds_that_are_over_and_writes_nothing()
    {
        await PutAsync(1, 2);
        await _granter.HoldAsync(_low, Ticket(1), Claim, [Ids.Of(1)], Cancel);
        _time.Advance(EvictionLimits.HoldDuration);
        Assert.True(HasRows());
        using (ObjectEviction eviction = _store.BeginEviction()) Assert.False(eviction.IsKept(Ids.Of(1)));
        Assert.True(HasRows()); // the disk may be full: rows go when something else is written
        Assert.Equal(1, await EvictAsync(1));
    }

    [Fact]
    public async Task An_eviction_that_cannot_read_the_database_at_its_end_is_over_all_the_same()
    {
        await PutAsync(1);
        ObjectEviction eviction = _store.BeginEviction();
        Commit(static batch => batch.Put(Fossil.KeyOf(Ids.Of(2)), [99]));
        Assert.Throws<WireFormatException>(eviction.Dispose);
        Commit(static batch => batch.Delete(Fossil.KeyOf(Ids.Of(2))));
        Assert.Equal(1, await EvictAsync(1));
    }

    private (ObjectHolds, CollectingObjectStore, HoldGranter) Open()
    {
        var holds = new ObjectHolds(_metadata, _time);
        var store = new CollectingObjectStore(_inner, _metadata, new SodiumEntropy(), holds);
        return (holds, store, new HoldGranter(store, holds, _self, (_, claim, _) => new ValueTask<bool>(claim.Volume == Claim.Volume)));
    }

    private bool HasRows()
    {
        using IMetadataCursor cursor = _metadata.ScanPrefix([(byte)Table.Hold]);
        return cursor.MoveNext();
    }

    private void Commit(Action<MetadataBatch> change)
    {
        var batch = new MetadataBatch();
        change(batch);
        _metadata.Commit(batch);
    }

    private async Task PutAsync(params int[] numbers)
    {
        foreach (int number in numbers) await _store.PutAsync(Ids.Of(number), new byte[10], Cancel);
    }

    private async Task<int> EvictAsync(int number)
    {
        using ObjectEviction eviction = _store.BeginEviction();
        return await eviction.TryDeleteAsync(Ids.Of(number), Cancel) ? 1 : 0;
    }

    private async Task CollectAsync()
    {
        using ObjectCollection collection = _store.Begin(isDryRun: false);
        await collection.SweepAsync(static _ => true, Pace.Full, Cancel);
        collection.Complete(new MetadataBatch(), _time.GetUtcNow());
    }

    private static HoldTicket Ticket(uint number) => new(number);

    private static PeerId PeerOf(byte first)
    {
        byte[] id = new byte[PeerId.Size];
        id[0] = first;
        return new PeerId(id);
    }
}
