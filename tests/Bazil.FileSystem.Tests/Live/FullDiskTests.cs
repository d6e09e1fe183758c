using System.Text;
using Bazil.Core;
using Bazil.FileSystem.Conflicts;
using Bazil.FileSystem.Tests.Simulation;
using Bazil.Fuse;
using Bazil.Storage.Stores;
using Bazil.Unix;

namespace Bazil.FileSystem.Tests.Live;

/// <summary>Changes that are refused because content cannot be synced for want of space: nothing of them counts as done, and they can be made once there is room.</summary>
public sealed class FullDiskTests : IAsyncDisposable
{
    private static readonly string _content = new('x', 200_000);
    private readonly LossyObjectStore _objects = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _objects.DisposeAsync();

    [Fact]
    public async Task An_fsync_that_is_refused_counts_nothing_as_written()
    {
        await using World world = await World.CreateAsync(1, 1, _objects);
        Replica replica = world.Replicas[0];
        await replica.WriteAsync("f", _content);
        await replica.Volume.SyncAsync(Cancel);
        FuseHandle handle = await replica.OpenForWritingAsync("f", truncate: false);
        await FillAsync(replica);
        await replica.WriteAsync(handle, 1000, "patched");
        StoreException refused = await Assert.ThrowsAsync<StoreException>(() => replica.Volume.FsyncAsync(handle, Cancel).AsTask());
        Assert.True(refused.IsDiskFull);

        _objects.IsFull = false; // somebody made room
        await replica.FsyncAsync(handle);
        await _objects.CutPowerAsync(new Random(2));
        replica.PowerCut(new Random(3));
        Assert.Equal(string.Concat(_content.AsSpan(0, 1000), "patched", _content.AsSpan(1007)), await replica.ReadAsync("f"));
    }

    [Fact]
    public async Task A_save_in_the_background_that_is_refused_is_made_again()
    {
        await using World world = await World.CreateAsync(1, 1, _objects);
        Replica replica = world.Replicas[0];
        FuseHandle handle = await replica.OpenForWritingAsync("f");
        await replica.WriteAsync(handle, _content);
        _objects.IsFull = true;
        world.Clock.Advance(TimeSpan.FromSeconds(2));
        await replica.Volume.WriteBackAsync(Cancel);
        _objects.IsFull = false;
        world.Clock.Advance(TimeSpan.FromSeconds(2));
        await replica.Volume.WriteBackAsync(Cancel);
        replica.Metadata.Sync();
        await _objects.CutPowerAsync(new Random(2));
        replica.PowerCut(new Random(3));
        Assert.Equal(_content, await replica.ReadAsync("f"));
    }

    [Fact]
    public async Task A_conflict_whose_settlement_is_refused_leaves_the_open_file_in_its_place()
    {
        await using World world = await World.CreateAsync(2, 1, _objects);
        (Replica a, Replica b) = world;
        await a.WriteAsync("n", _content + "first");
        await b.WriteAsync("n", _content + "second");
        await world.SpreadAsync();
        string shown = await a.ReadAsync("n");
        Conflict conflict = Assert.Single(a.Volume.ListConflicts());
        ConflictValue other = conflict.Values[1];
        FuseHandle reader = a.Volume.Open(a.Find("n"), new FuseOpenMode(0)).Value;
        await FillAsync(a);
        await Assert.ThrowsAsync<StoreException>(() => a.Volume.SettleAsync(conflict, other));
        Assert.Equal(shown, await a.ReadAsync("n"));
        Assert.Equal(1u, a.Volume.GetAttributes(a.Find("n")).Value.LinkCount);

        // It is one file still: what is written by its name is seen by who had it open.
        _objects.IsFull = false;
        await a.WriteAsync("n", _content + "changed");
        Assert.Equal(_content + "changed", await ReadAsync(a, reader));
        Assert.Equal(ConflictOutcome.Done, await a.Volume.SettleAsync(Assert.Single(a.Volume.ListConflicts()), other));
        Assert.Equal(_content + "changed", await ReadAsync(a, reader));
        await a.Volume.ReleaseAsync(reader);
        await world.SettleAsync();
        Assert.Equal(_content + (shown.EndsWith("first", StringComparison.Ordinal) ? "second" : "first"), await b.ReadAsync("n"));
    }

    private static async Task<string> ReadAsync(Replica replica, FuseHandle handle)
    {
        byte[] buffer = new byte[_content.Length + 7];
        Assert.True((await replica.Volume.ReadAsync(handle, 0, buffer, Cancel)).HasValue);
        return Encoding.UTF8.GetString(buffer);
    }

    /// <summary>Makes changes after content that cannot be synced, until no more are taken.</summary>
    private async Task FillAsync(Replica replica)
    {
        _objects.IsFull = true;
        await replica.WriteAsync("unsynced", _content);
        InodeId often = replica.MakeFile("often", "");
        Assert.Equal(Errno.OK, replica.Volume.SetXattr(often, "user.big"u8, new byte[60_000], XattrFlags.None)); // its record is what each change must be able to take back
        StoreException full = Assert.Throws<StoreException>(() =>
        {
            for (int change = 0; change < 2 * Limits.UndoWaitFactor * Limits.UndoBytesTarget / 60_000; change++) Assert.Equal(Errno.OK, replica.Chmod(often, 0x180));
        });
        Assert.True(full.IsDiskFull);
    }
}
