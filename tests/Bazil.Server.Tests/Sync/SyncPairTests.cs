using Bazil.Core;
using Bazil.FileSystem.Sync;
using Bazil.Server.Sync;
using Bazil.Testing;

namespace Bazil.Server.Tests.Sync;

public sealed class SyncPairTests : IDisposable
{
    private readonly TempDirectory _root = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _root.Dispose();

    [Fact]
    public async Task A_peer_that_cannot_be_reached_is_called_again_less_and_less_often()
    {
        await using var rig = new SyncRig(_root.Path);
        rig.Connection.Unreachable = "nothing listens there";
        rig.Service.Start();
        await rig.Connection.CalledAsync(Cancel);
        SyncState state = await rig.WaitForAsync(static s => s.Phase == SyncPhase.BackOff, Cancel);
        Assert.Contains("nothing listens there", state.Reason);
        for (int failure = 0; failure < 12; failure++)
        {
            TimeSpan whole = TimeSpan.FromSeconds(Math.Min(Math.Pow(2, failure), Limits.BackOffMax.TotalSeconds));
            TimeSpan left = (await rig.WaitForAsync(s => s.RetryAt != null && s.RetryAt > rig.Time.GetUtcNow(), Cancel)).RetryAt!.Value - rig.Time.GetUtcNow();
            Assert.InRange(left, (whole / 2) - TimeSpan.FromMilliseconds(100), whole);
            TimeSpan waited = await rig.AdvanceToCallAsync(Cancel);
            Assert.True(waited >= left, $"called after {waited}, {left} was said");
        }
    }

    [Fact]
    public async Task After_a_call_of_the_peer_the_waits_begin_anew()
    {
        await using var rig = new SyncRig(_root.Path);
        rig.Connection.Unreachable = "nothing listens there";
        rig.Service.Start();
        await rig.Connection.CalledAsync(Cancel);
        for (int failure = 0; failure < 8; failure++) await rig.AdvanceToCallAsync(Cancel);
        await rig.WaitForAsync(s => s.RetryAt > rig.Time.GetUtcNow() + TimeSpan.FromSeconds(60), Cancel);

        rig.Service.Saw(rig.Here.Id, rig.PeerId);
        await rig.AdvanceToCallAsync(Cancel);
        SyncState state = await rig.WaitForAsync(s => s.RetryAt > rig.Time.GetUtcNow(), Cancel);
        Assert.InRange(state.RetryAt!.Value - rig.Time.GetUtcNow(), TimeSpan.Zero, Limits.BackOffMin);
        Assert.NotNull(state.LastSeen);

        rig.Connection.Unreachable = null;
        await rig.AdvanceToCallAsync(Cancel);
        await rig.WaitForAsync(static s => s.IsConnected, Cancel);
    }

    [Fact]
    public async Task News_are_pulled_and_nothing_else_is()
    {
        await using var rig = new SyncRig(_root.Path);
        rig.Service.Start();
        await rig.WaitForAsync(static s => s.LastPull is not null, Cancel);
        Assert.Equal(rig.There.Members().Order(), rig.Here.Members().Order());
        int pulls = rig.Connection.Pulls.Count;

        // The same again, and once more: no pull. Then something new: the pull that comes is for that.
        byte[] same = rig.There.Note(out _).Encode();
        rig.Connection.Notes.Writer.TryWrite(same);
        rig.Connection.Notes.Writer.TryWrite(same);
        PeerId other = new(Enumerable.Repeat((byte)7, PeerId.Size).ToArray());
        rig.There.AddMember(other);
        rig.Connection.Notes.Writer.TryWrite(rig.There.Note(out _).Encode());
        await rig.WaitForAsync(_ => rig.Here.Members().Contains(other), Cancel);
        await rig.WaitForAsync(static s => s.Phase == SyncPhase.Connected, Cancel);

        // A pull is one request here: a knowledge as small as this goes with the digest.
        Assert.Equal(pulls + 1, rig.Connection.Pulls.Count);
        Assert.False(rig.Pair.HasNews());
        Assert.Equal(0, rig.Here.CountBeyond(rig.Pair.KnowledgeThere()!, 10));
    }

    [Fact]
    public async Task A_peer_that_sends_what_is_no_note_is_cut_off_and_named()
    {
        await using var rig = new SyncRig(_root.Path);
        rig.Service.Start();
        await rig.WaitForAsync(static s => s.LastPull is not null, Cancel);
        rig.Connection.Notes.Writer.TryWrite([9, 9, 9]);
        SyncState state = await rig.WaitForAsync(static s => s.Phase == SyncPhase.BackOff, Cancel);
        Assert.Contains("makes no sense", state.Reason);
        Assert.NotNull(state.RetryAt);
    }

    [Fact]
    public async Task A_pull_that_is_refused_says_why()
    {
        await using var rig = new SyncRig(_root.Path);
        rig.There.RemoveMember(rig.Service.Parts.Volumes.Self);
        rig.Service.Start();
        SyncState state = await rig.WaitForAsync(static s => s.Phase == SyncPhase.BackOff, Cancel);
        Assert.Contains("does not count this node among the members", state.Reason);
    }

    [Fact]
    public async Task Paused_nobody_is_called_and_resumed_it_goes_on()
    {
        await using var rig = new SyncRig(_root.Path);
        rig.Config.UpdateVolume("files", static v => v with { IsPaused = true });
        rig.Service.Start();
        await rig.WaitForAsync(static s => s.Phase == SyncPhase.Paused, Cancel);
        Assert.Equal("synchronisation is paused here", await rig.Pair.SettleAsync(rig.Pair.Ask(), Knowledge.Empty, Cancel));
        Assert.Empty(rig.Connection.Pulls);
        rig.Config.UpdateVolume("files", static v => v with { IsPaused = false });
        await rig.WaitForAsync(static s => s.LastPull is not null, Cancel);

        rig.Config.UpdatePeer(rig.PeerId, p => p with { PausedVolumes = [rig.Here.Id] });
        await rig.WaitForAsync(static s => s.Phase == SyncPhase.Paused, Cancel);
        Assert.False(rig.Connection.Notes.Reader.Completion.IsCompleted);
        rig.Config.RemovePeer(rig.PeerId);
        while (rig.Service.Pairs.Count > 0) await Task.Yield();
    }

    [Fact]
    public async Task Idle_volumes_and_peers_wake_nobody()
    {
        await using var rig = new SyncRig(_root.Path);
        rig.Service.Start();
        await rig.WaitForAsync(static s => s.LastPull is not null, Cancel);
        TimeSpan step = TimeSpan.FromSeconds(1);

        // What was changed is synced and counted, and what members know of each other goes round.
        while (rig.Time.CountDue(TimeSpan.FromMinutes(1)) > 0)
        {
            rig.Time.Advance(step);
            await Task.Yield();
        }

        int before = rig.Time.Fired;
        for (int second = 0; second < 300; second++)
        {
            rig.Time.Advance(step);
            await Task.Yield();
        }

        Assert.InRange(rig.Time.Fired - before, 0, 10);
    }

    [Fact]
    public async Task Who_is_no_member_any_more_is_not_told_of_changes()
    {
        await using var rig = new SyncRig(_root.Path);
        rig.Service.Start();
        await rig.WaitForAsync(static s => s.LastPull is not null, Cancel);
        await using IAsyncEnumerator<ReadOnlyMemory<byte>> notes = rig.Service.ListenAsync(rig.Here.Id, rig.PeerId, null, Cancel).GetAsyncEnumerator(Cancel);
        Assert.True(await notes.MoveNextAsync());
        Task<bool> next = notes.MoveNextAsync().AsTask();
        rig.Here.RemoveMember(rig.PeerId);
        while (!next.IsCompleted)
        {
            rig.Time.Advance(TimeSpan.FromMilliseconds(50));
            await Task.Yield();
        }

        Assert.False(await next);
    }

    [Fact]
    public async Task Who_listens_hears_of_each_change_once_and_of_a_pause()
    {
        await using var rig = new SyncRig(_root.Path);
        rig.Service.Start();
        await rig.WaitForAsync(static s => s.LastPull is not null, Cancel);
        await using IAsyncEnumerator<ReadOnlyMemory<byte>> notes = rig.Service.ListenAsync(rig.Here.Id, rig.PeerId, null, Cancel).GetAsyncEnumerator(Cancel);
        Assert.True(await notes.MoveNextAsync());
        Assert.Equal(rig.Here.Note(out _), ChangeNote.Decode(notes.Current.Span));

        Task<bool> next = notes.MoveNextAsync().AsTask();
        PeerId other = new(Enumerable.Repeat((byte)7, PeerId.Size).ToArray());
        rig.Here.AddMember(other);
        while (!next.IsCompleted)
        {
            rig.Time.Advance(TimeSpan.FromMilliseconds(50));
            await Task.Yield();
        }

        Assert.True(await next);
        Assert.Equal(rig.Here.Note(out _), ChangeNote.Decode(notes.Current.Span));

        next = notes.MoveNextAsync().AsTask();
        rig.Config.UpdateVolume("files", static v => v with { IsPaused = true });
        Assert.True(await next);
        Assert.Equal(ChangeNote.Paused, ChangeNote.Decode(notes.Current.Span));
    }
}
