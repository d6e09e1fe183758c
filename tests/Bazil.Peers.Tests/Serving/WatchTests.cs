using Bazil.Core;
using Bazil.Peers.Tests.Nodes;
using Bazil.Testing;

namespace Bazil.Peers.Tests.Serving;

/// <summary>Streams of notes.</summary>
public sealed class WatchTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Notes_come_one_by_one_and_the_caller_says_where_it_listens()
    {
        await using var nodes = await TwoNodes.StartAsync();
        await using var notes = Watch(nodes, port: 4711);
        nodes.Volume.Notes.Writer.TryWrite([1, 2]);
        Assert.Equal([1, 2], await NextAsync(notes));
        nodes.Volume.Notes.Writer.TryWrite([3]);
        Assert.Equal([3], await NextAsync(notes));
        Assert.True(nodes.Volume.Watchers.TryDequeue(out var from));
        Assert.Equal(4711, from!.Port);
        Assert.True(System.Net.IPAddress.IsLoopback(from.Address));

        nodes.Volume.Notes.Writer.Complete();
        Assert.False(await notes.MoveNextAsync());
    }

    [Fact]
    public async Task Silence_after_the_first_note_ends_nothing()
    {
        var time = new ManualTime();
        await using var nodes = await TwoNodes.StartAsync(clientTime: time);
        await using var notes = Watch(nodes);
        nodes.Volume.Notes.Writer.TryWrite([1]);
        Assert.Equal([1], await NextAsync(notes));
        var next = notes.MoveNextAsync();
        time.Advance(TimeSpan.FromHours(1));
        nodes.Volume.Notes.Writer.TryWrite([2]);
        Assert.True(await next);
    }

    [Fact]
    public async Task Peer_that_floods_is_cut_off_and_named()
    {
        var time = new ManualTime();
        await using var nodes = await TwoNodes.StartAsync(clientTime: time);
        await using var notes = Watch(nodes);
        for (int i = 0; i < Limits.NotesAtOnce + 1; i++) nodes.Volume.Notes.Writer.TryWrite([1]);
        for (int i = 0; i < Limits.NotesAtOnce; i++) await NextAsync(notes);
        var e = await Assert.ThrowsAsync<PeerProtocolException>(async () => await notes.MoveNextAsync());
        Assert.Contains(nodes.White.Id.ToString(), e.Message);
        Assert.Contains("notes a second", e.Message);
    }

    [Fact]
    public async Task Peer_that_sends_as_much_as_it_may_is_heard_for_ever()
    {
        var time = new ManualTime();
        await using var nodes = await TwoNodes.StartAsync(clientTime: time);
        await using var notes = Watch(nodes);
        for (int i = 0; i < Limits.NotesAtOnce + (3 * Limits.NotesPerSecond); i++)
        {
            nodes.Volume.Notes.Writer.TryWrite([1]);
            await NextAsync(notes);
            time.Advance(TimeSpan.FromSeconds(1.0 / Limits.NotesPerSecond));
        }
    }

    [Fact]
    public async Task Volume_taken_away_ends_its_notes()
    {
        await using var nodes = await TwoNodes.StartAsync();
        await using var notes = Watch(nodes);
        nodes.Volume.Notes.Writer.TryWrite([1]);
        await NextAsync(notes);
        nodes.White.Volumes.Clear();
        nodes.White.Server.RevokeVolume(nodes.Black.Id, TwoNodes.VolumeId);
        await Assert.ThrowsAsync<PeerUnreachableException>(async () => await notes.MoveNextAsync());
        await using var again = Watch(nodes);
        await Assert.ThrowsAsync<PeerRefusedException>(async () => await again.MoveNextAsync());
    }

    [Fact]
    public async Task Nobody_without_the_key_hears_anything()
    {
        await using var nodes = await TwoNodes.StartAsync();
        nodes.Volume.Notes.Writer.TryWrite([1]);
        await using var notes = nodes.Call.WatchAsync(TwoNodes.VolumeId, nodes.Prover(8, "enemies"), 0, Cancel).GetAsyncEnumerator(Cancel);
        await Assert.ThrowsAsync<RotatedKeyException>(async () => await notes.MoveNextAsync());
        Assert.Empty(nodes.Volume.Watchers);
    }

    [Fact]
    public async Task Streams_of_notes_leave_room_for_everything_else_on_a_connection()
    {
        await using var nodes = await TwoNodes.StartAsync();
        nodes.Volume.Greeting = [1];
        var open = new List<IAsyncEnumerator<ReadOnlyMemory<byte>>>();
        for (int i = 0; i < Limits.WatchesPerConnection; i++)
        {
            open.Add(Watch(nodes));
            Assert.True(await open[^1].MoveNextAsync());
        }

        await using var tooMany = Watch(nodes);
        await Assert.ThrowsAsync<PeerProtocolException>(async () => await tooMany.MoveNextAsync());
        await nodes.Call.PingAsync(Cancel);
        foreach (var notes in open) await notes.DisposeAsync();
    }

    [Fact]
    public async Task Listener_hears_that_another_request_found_the_line_dead()
    {
        var time = new ManualTime();
        await using var nodes = await TwoNodes.StartAsync(clientTime: time);
        await using var relay = new Relay(nodes.White.Server.Port);
        nodes.Black.Addresses[nodes.White.Id] = [relay.Address];
        await using var notes = Watch(nodes);
        nodes.Volume.Notes.Writer.TryWrite([1]);
        await NextAsync(notes);
        var next = notes.MoveNextAsync().AsTask();
        relay.Lines[0].Hold();
        var ping = PingAsync();
        while (!ping.IsCompleted)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        await Assert.ThrowsAsync<PeerUnreachableException>(() => ping);
        await Assert.ThrowsAsync<PeerUnreachableException>(() => next);

        // What was on its way when the line died still arrives.
        async Task PingAsync()
        {
            while (true) await nodes.Call.PingAsync(Cancel);
        }
    }

    [Fact]
    public async Task Listener_hears_that_nobody_is_behind_a_line_whose_near_end_lives()
    {
        await using var nodes = await TwoNodes.StartAsync(client: new PeerClientOptions { PingInterval = TimeSpan.FromSeconds(1) });
        await using var relay = new Relay(nodes.White.Server.Port);
        nodes.Black.Addresses[nodes.White.Id] = [relay.Address];
        await using var notes = Watch(nodes);
        nodes.Volume.Notes.Writer.TryWrite([1]);
        await NextAsync(notes);
        relay.Lines[0].Hold();
        await Assert.ThrowsAsync<PeerUnreachableException>(() => notes.MoveNextAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(60), Cancel));
    }

    [Fact]
    public async Task Server_that_stops_does_not_wait_for_those_who_listen()
    {
        await using var nodes = await TwoNodes.StartAsync();
        await using var notes = Watch(nodes);
        nodes.Volume.Notes.Writer.TryWrite([1]);
        await NextAsync(notes);
        var next = notes.MoveNextAsync().AsTask();
        await nodes.White.Server.DisposeAsync();
        await Assert.ThrowsAsync<PeerUnreachableException>(() => next);
    }

    private static IAsyncEnumerator<ReadOnlyMemory<byte>> Watch(TwoNodes nodes, int port = 0) =>
        nodes.Call.WatchAsync(TwoNodes.VolumeId, nodes.Key, port, Cancel).GetAsyncEnumerator(Cancel);

    private static async Task<byte[]> NextAsync(IAsyncEnumerator<ReadOnlyMemory<byte>> notes)
    {
        Assert.True(await notes.MoveNextAsync());
        return notes.Current.ToArray();
    }
}
