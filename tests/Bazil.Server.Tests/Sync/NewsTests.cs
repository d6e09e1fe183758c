using Bazil.Core;
using Bazil.FileSystem.Sync;
using Bazil.Server.Control.Messages;
using Bazil.Server.Sync;
using Bazil.Testing;

namespace Bazil.Server.Tests.Sync;

/// <summary>What a peer says that it has, before it is pulled.</summary>
public sealed class NewsTests : IDisposable
{
    private readonly TempDirectory _root = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _root.Dispose();

    [Theory]
    [InlineData(12, false, 5000UL, 12, false, 5000L)]
    [InlineData(256, true, NoteCounts.NotCounted, 256, true, null)]
    [InlineData(uint.MaxValue, true, 1UL << 63, Limits.StatusChangesMax, true, null)] // lies
    [InlineData(uint.MaxValue, false, (1UL << 60) + 1, Limits.StatusChangesMax, true, null)]
    [InlineData(3, false, 1UL << 60, 3, false, 1L << 60)]
    [InlineData(0, true, 5UL, null, false, null)]
    public async Task Status_tells_what_was_announced_within_bounds_until_it_is_here(uint changes, bool isMore, ulong bytes, int? count, bool isMoreHere, long? content)
    {
        await using var rig = new SyncRig(_root.Path);
        rig.Service.Start();
        await rig.WaitForAsync(static s => s.LastPull is not null, Cancel);
        Assert.Null(Status(rig).BehindHere);

        // Something new whose pull never ends.
        rig.Connection.Silence = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        rig.There.AddMember(new PeerId(Enumerable.Repeat((byte)7, PeerId.Size).ToArray()));
        ChangeNote note = rig.There.Note(out _) with { Counts = new NoteCounts(changes, isMore, bytes) };
        rig.Connection.Notes.Writer.TryWrite(note.Encode());
        await rig.Connection.Silence.Task.WaitAsync(Cancel);
        PeerSyncInfo status = Status(rig);
        Assert.True(status.IsBehindHere);
        Assert.Equal((count, isMoreHere, content), (status.BehindHere, status.IsMoreHere, status.BehindHereBytes));

        rig.Connection.Silence = null;
        rig.Time.Advance(Limits.PullSilence);
        await rig.WaitForAsync(static s => s.Phase == SyncPhase.BackOff, Cancel);
        DateTimeOffset failed = rig.Time.GetUtcNow();
        await rig.AdvanceToCallAsync(Cancel);
        await rig.AdvanceToCallAsync(Cancel);
        await rig.WaitForAsync(s => s.LastPull > failed, Cancel);
        status = Status(rig);
        Assert.Equal((false, null, false, null), (status.IsBehindHere, status.BehindHere, status.IsMoreHere, status.BehindHereBytes));
    }

    [Fact]
    public async Task Peers_are_told_how_much_they_lack()
    {
        await using var rig = new SyncRig(_root.Path);
        rig.Service.Start();
        await rig.WaitForAsync(static s => s.LastPull is not null, Cancel);
        rig.Here.AddMember(new PeerId(Enumerable.Repeat((byte)7, PeerId.Size).ToArray()));
        await using IAsyncEnumerator<ReadOnlyMemory<byte>> notes = rig.Service.ListenAsync(rig.Here.Id, rig.PeerId, null, Cancel).GetAsyncEnumerator(Cancel);
        Assert.True(await notes.MoveNextAsync());
        Assert.Equal(new NoteCounts(1, false, 0), ChangeNote.Decode(notes.Current.Span).Counts); // the members, one node
    }

    private static PeerSyncInfo Status(SyncRig rig) => new SyncDescriptions(rig.Service, rig.Runs).Of(null).Single().Peers.Single();
}
