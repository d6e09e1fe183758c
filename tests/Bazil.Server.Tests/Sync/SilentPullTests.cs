using Bazil.Server.Sync;
using Bazil.Testing;

namespace Bazil.Server.Tests.Sync;

/// <summary>Peers that answer and then say nothing more.</summary>
public sealed class SilentPullTests : IDisposable
{
    private readonly TempDirectory _root = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _root.Dispose();

    [Fact]
    public async Task A_pull_of_which_nothing_comes_any_more_is_given_up_and_made_again()
    {
        await using var rig = new SyncRig(_root.Path);
        rig.Connection.Silence = NewSilence();
        rig.Service.Start();
        await rig.Connection.Silence.Task.WaitAsync(Cancel);
        rig.Time.Advance(Limits.PullSilence - TimeSpan.FromSeconds(1));
        Assert.Equal(SyncPhase.Pulling, rig.Pair.State.Phase);
        rig.Time.Advance(TimeSpan.FromSeconds(1));
        SyncState state = await rig.WaitForAsync(static s => s.Phase == SyncPhase.BackOff, Cancel);
        Assert.Contains("nothing of what was asked for came for 60 seconds", state.Reason);
        Assert.Null(state.LastPull);
        Assert.Equal(1, rig.PullsEnded);

        rig.Connection.Silence = null;
        await rig.AdvanceToCallAsync(Cancel);
        await rig.AdvanceToCallAsync(Cancel);
        await rig.WaitForAsync(static s => s.LastPull is not null, Cancel);
    }

    [Fact]
    public async Task Peers_that_fail_at_once_have_a_reason_each()
    {
        await using var rig = new SyncRig(_root.Path);
        FakeConnection other = rig.AddPeer(7);
        other.Unreachable = "no route to host";
        rig.Connection.Silence = NewSilence();
        rig.Service.Start();
        await rig.Connection.Silence.Task.WaitAsync(Cancel);
        await rig.WaitForAsync(other.Peer, static s => s.Phase == SyncPhase.BackOff, Cancel);
        rig.Time.Advance(Limits.PullSilence);
        SyncState here = await rig.WaitForAsync(static s => s.Phase == SyncPhase.BackOff, Cancel);
        SyncState there = await rig.WaitForAsync(other.Peer, static s => s.Phase == SyncPhase.BackOff, Cancel);
        Assert.Contains("nothing of what was asked for came", here.Reason);
        Assert.DoesNotContain("route", here.Reason);
        Assert.Contains("no route to host", there.Reason);
        Assert.DoesNotContain("came", there.Reason);
        Assert.Equal(2, new SyncDescriptions(rig.Service, rig.Runs).Of(null).Single().Peers.Select(static peer => peer.Reason).Distinct().Count());
    }

    [Fact]
    public async Task A_peer_whose_turn_has_not_come_is_not_taken_for_silent()
    {
        await using var rig = new SyncRig(_root.Path);
        FakeConnection other = rig.AddPeer(7);
        other.Unreachable = "not yet";
        rig.Connection.Silence = NewSilence();
        rig.Service.Start();
        await rig.Connection.Silence.Task.WaitAsync(Cancel);
        await rig.WaitForAsync(other.Peer, static s => s.Phase == SyncPhase.BackOff, Cancel);
        other.Unreachable = null;
        await rig.AdvanceToPhaseAsync(other.Peer, SyncPhase.Pulling, Cancel);
        Assert.Equal(SyncPhase.Pulling, rig.Pair.State.Phase);
        Assert.Empty(other.Pulls);

        // The one that is silent is given up; the other one, which waited for as long or longer, has its turn.
        rig.Time.Advance(Limits.PullSilence);
        await rig.WaitForAsync(other.Peer, static s => s.LastPull is not null, Cancel);
        SyncState state = await rig.WaitForAsync(static s => s.Phase == SyncPhase.BackOff, Cancel);
        Assert.Contains("nothing of what was asked for came", state.Reason);
    }

    private static TaskCompletionSource NewSilence() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
