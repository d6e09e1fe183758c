using Bazil.Core;
using Bazil.Peers.Runs;
using Bazil.Peers.Tests.Nodes;
using Bazil.Storage.Stores;
using Bazil.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Bazil.Peers.Tests.Runs;

/// <summary>Two machines with one key are found, and a machine that was only started again is not taken for two.</summary>
public sealed class PeerRunsTests
{
    private static readonly PeerId Peer = new(Enumerable.Repeat((byte)5, PeerId.Size).ToArray());
    private static readonly RunId First = new(1);
    private static readonly RunId Second = new(2);

    private readonly ManualTime _time = new();
    private readonly PeerRuns _runs;
    private readonly List<PeerId> _doubted = [];

    public PeerRunsTests()
    {
        _runs = new PeerRuns(new RunId(99), _time, NullLogger<PeerRuns>.Instance);
        _runs.Doubted += _doubted.Add;
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void A_start_after_an_end_is_no_copy_even_if_the_end_is_heard_later()
    {
        long before = Pass();
        Assert.Equal(RunVerdict.Alone, _runs.Hear(Peer, First, before, isOtherConnected: false));
        Assert.Equal(RunVerdict.Alone, _runs.Hear(Peer, Second, Pass(), isOtherConnected: false));
        Assert.Equal(RunVerdict.Alone, _runs.Hear(Peer, First, before, isOtherConnected: true));
        Assert.Equal(RunVerdict.Alone, _runs.Hear(Peer, Second, Pass(), isOtherConnected: false));
        Assert.Empty(_doubted);
        Assert.Empty(_runs.Copied);
    }

    [Fact]
    public void A_start_while_an_old_connection_has_not_ended_waits_a_moment()
    {
        _runs.Hear(Peer, First, Pass(), isOtherConnected: false);
        Assert.Equal(RunVerdict.Wait, _runs.Hear(Peer, Second, Pass(), isOtherConnected: true));
        Assert.Equal([Peer], _doubted);
        Assert.Equal(RunVerdict.Wait, _runs.Hear(Peer, Second, Pass(), isOtherConnected: false));
        _time.Advance(Limits.RunWait);
        Assert.Equal(RunVerdict.Alone, _runs.Hear(Peer, Second, Pass(), isOtherConnected: false));
        Assert.Empty(_runs.Copied);
    }

    [Fact]
    public void Who_connects_after_a_newer_run_has_spoken_is_alive_beside_it()
    {
        _runs.Hear(Peer, First, Pass(), isOtherConnected: false);
        Assert.Equal(RunVerdict.Wait, _runs.Hear(Peer, Second, Pass(), isOtherConnected: true));
        Assert.Equal(RunVerdict.Copied, _runs.Hear(Peer, First, Pass(), isOtherConnected: false));
        Assert.Equal(RunVerdict.Copied, _runs.Hear(Peer, Second, Pass(), isOtherConnected: false));
        Assert.Equal([Peer], _runs.Copied);
        Assert.Equal([Peer, Peer], _doubted);
    }

    [Fact]
    public void Machines_that_are_never_connected_at_once_are_found_when_the_first_comes_back()
    {
        _runs.Hear(Peer, First, Pass(), isOtherConnected: false);
        Assert.Equal(RunVerdict.Alone, _runs.Hear(Peer, Second, Pass(), isOtherConnected: false));
        Assert.Equal(RunVerdict.Copied, _runs.Hear(Peer, First, Pass(), isOtherConnected: false));
    }

    [Fact]
    public void It_is_settled_when_one_of_them_has_been_silent_for_long()
    {
        _runs.Hear(Peer, First, Pass(), isOtherConnected: false);
        _runs.Hear(Peer, Second, Pass(), isOtherConnected: true);
        _runs.Hear(Peer, First, Pass(), isOtherConnected: false);
        _time.Advance(Limits.CopySettled / 2);
        Assert.Equal(RunVerdict.Copied, _runs.Hear(Peer, Second, Pass(), isOtherConnected: false));
        _time.Advance(Limits.CopySettled / 2);
        Assert.Equal(RunVerdict.Alone, _runs.Hear(Peer, Second, Pass(), isOtherConnected: false));
        Assert.Empty(_runs.Copied);
        Assert.Equal(RunVerdict.Copied, _runs.Hear(Peer, First, Pass(), isOtherConnected: false));
    }

    [Fact]
    public void Runs_that_a_peer_makes_up_are_bounded_and_forgotten_with_it()
    {
        _runs.Hear(Peer, First, Pass(), isOtherConnected: false);
        _runs.Hear(Peer, Second, Pass(), isOtherConnected: true);
        for (ulong run = 3; run < 100; run++) _runs.Hear(Peer, new RunId(run), Pass(), isOtherConnected: true);
        _runs.Hear(Peer, First, Pass(), isOtherConnected: false);
        for (ulong run = 100; run < 200; run++) Assert.Equal(RunVerdict.Copied, _runs.Hear(Peer, new RunId(run), Pass(), isOtherConnected: false));
        Assert.Equal(Limits.RunsRemembered, _runs.CountHeard(Peer));
        _runs.NoteOwn(Peer, isRefused: true);
        _runs.Forget(Peer);
        Assert.Empty(_runs.Copied);
        Assert.Empty(_runs.RefusedBy);
        Assert.Equal(RunVerdict.Alone, _runs.Hear(Peer, First, Pass(), isOtherConnected: false));
    }

    [Fact]
    public async Task Who_is_refused_on_an_open_connection_is_told_why_and_calls_anew()
    {
        await using var white = await TestNode.StartAsync(1);
        await using var black = await TestNode.StartAsync(2);
        black.Befriend(white);
        var id = new ObjectId(new byte[ObjectId.Size]);
        await Assert.ThrowsAsync<StoreException>(async () => await black.To(white).Store.HasAsync(id, Cancel)); // it may not, but it is connected now
        white.Runs.Hear(black.Id, new RunId(7), TimeProvider.System.GetTimestamp(), isOtherConnected: true);
        Assert.Equal(RunVerdict.Copied, white.Runs.Hear(black.Id, black.Runs.Own, TimeProvider.System.GetTimestamp(), isOtherConnected: false));
        StoreException refused = await Assert.ThrowsAsync<StoreException>(async () => await black.To(white).Store.HasAsync(id, Cancel));
        Assert.True(Assert.IsType<CopiedKeyException>(refused.InnerException).IsOwn);
        Assert.Empty(black.Runs.RefusedBy);
        await Assert.ThrowsAsync<StoreException>(async () => await black.To(white).Store.HasAsync(id, Cancel));
        Assert.Equal([white.Id], black.Runs.RefusedBy); // noted with a new connection only
    }

    [Fact]
    public async Task A_copy_is_refused_like_the_original_and_both_are_told()
    {
        await using var white = await TestNode.StartAsync(1);
        await using var black = await TestNode.StartAsync(2);
        await using var copy = await TestNode.StartAsync(2);
        black.Befriend(white);
        copy.Befriend(white);
        await black.To(white).PingAsync(Cancel);

        // The copy has to wait; the original was cut off, calls again, and so is alive.
        var early = await Assert.ThrowsAsync<PeerUnreachableException>(() => copy.To(white).PingAsync(Cancel));
        Assert.Contains("called again in a moment", early.Message);
        var refused = await Assert.ThrowsAsync<CopiedKeyException>(() => UntilRefusedAsync(black, white));
        Assert.True(refused.IsOwn);
        Assert.Equal([white.Id], black.Runs.RefusedBy);
        Assert.Equal([black.Id], white.Runs.Copied);
        await Assert.ThrowsAsync<CopiedKeyException>(() => copy.To(white).PingAsync(Cancel));
        Assert.Equal([white.Id], copy.Runs.RefusedBy);

        // The other way round, too.
        white.Befriend(copy);
        var theirs = await Assert.ThrowsAsync<CopiedKeyException>(() => white.To(copy).PingAsync(Cancel));
        Assert.False(theirs.IsOwn);
    }

    /// <summary>The answer to the copy goes out before the connection of the original is closed.</summary>
    private static async Task UntilRefusedAsync(TestNode from, TestNode to)
    {
        while (true) await from.To(to).PingAsync(Cancel);
    }

    /// <summary>A moment later.</summary>
    private long Pass()
    {
        _time.Advance(TimeSpan.FromMilliseconds(1));
        return _time.GetTimestamp();
    }
}
