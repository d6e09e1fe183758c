using System.Text;
using Bazil.Core;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Snapshots;
using Bazil.FileSystem.Tests.Simulation;
using Bazil.Fuse;
using Bazil.Storage.Stores;
using Bazil.Unix;

namespace Bazil.FileSystem.Tests.Live;

/// <summary>Changes of files a part of which cannot be read, and changes that are interrupted: what programs are told is what was made.</summary>
public sealed class UnreadableContentTests : IAsyncLifetime
{
    private const int Chunk = 128 * 1024;
    private const uint ReadWrite = 2, Truncate = 0x200, Synchronous = 0x101000;
    private static readonly string _content = string.Concat(Enumerable.Range(0, 100_000).Select(static number => $"{number:x5} "));

    private readonly LossyObjectStore _objects = new();
    private World _world = null!;
    private Replica _replica = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _world = await World.CreateAsync(1, 1, _objects);
        _replica = _world.Replicas[0];
        await _replica.WriteAsync("f", _content);
        await _replica.Volume.SyncAsync(Cancel);
        await _replica.RestartAsync(); // nothing of it is in memory
    }

    public async ValueTask DisposeAsync()
    {
        await _world.DisposeAsync();
        await _objects.DisposeAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Write_that_fails_half_way_answers_how_far_it_came_and_written_back_pages_fail(bool isWrittenBack)
    {
        var files = new VolumeFileSystem(_replica.Volume);
        InodeId inode = _replica.Find("f");
        FuseHandle handle = await _replica.OpenForWritingAsync("f", truncate: false);
        await _replica.WriteAsync(handle, 0, _content[..Chunk]);
        _objects.IsUnreadable = true;
        byte[] data = Encoding.UTF8.GetBytes(new string('x', Chunk));
        ValueTask<Reply<int>> WriteAsync(long offset) =>
            files.Write(default, new FuseNodeId(inode.Value), handle, offset, data, isWrittenBack ? FuseWriteFlags.FromCache : 0, Cancel);
        if (isWrittenBack) await Assert.ThrowsAsync<StoreException>(() => WriteAsync(50_000).AsTask());
        else Assert.Equal(Chunk - 50_000, (await WriteAsync(50_000)).Value);
        await Assert.ThrowsAsync<StoreException>(() => WriteAsync(Chunk + 5).AsTask());
        _objects.IsUnreadable = false;
        Assert.Equal(Chunk, (await WriteAsync(Chunk + 5)).Value);
        await _replica.CloseAsync(handle);
        Assert.Equal(_content[..50_000] + new string('x', Chunk - 50_000) + _content.Substring(Chunk, 5) + new string('x', Chunk) + _content[((2 * Chunk) + 5)..], await _replica.ReadAsync("f"));
    }

    [Theory]
    [InlineData(10)]
    [InlineData(5 * Chunk)]
    public async Task Synchronous_write_that_is_interrupted_once_it_is_made_is_made_durable_and_answered(int size)
    {
        FuseHandle handle = _replica.Volume.Open(_replica.Find("f"), new FuseOpenMode(ReadWrite | Synchronous)).Value;
        string data = new('x', size);
        using var interrupt = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        await _replica.WriteAsync("other", _content); // not synced
        _objects.Syncing = interrupt.Cancel;
        Assert.Equal(size, (await _replica.Volume.WriteAsync(handle, 1000, Encoding.UTF8.GetBytes(data), interrupt.Token)).Value);
        Assert.True(interrupt.IsCancellationRequested);
        _objects.Syncing = null;
        await _objects.CutPowerAsync(new Random(2));
        _replica.PowerCut(new Random(3));
        string expected = string.Concat(_content.AsSpan(0, 1000), data);
        if (expected.Length < _content.Length) expected += _content[expected.Length..];
        Assert.Equal(expected, await _replica.ReadAsync("f"));
    }

    [Fact]
    public async Task Close_and_fsync_are_not_ended_by_signals()
    {
        var files = new VolumeFileSystem(_replica.Volume);
        var node = new FuseNodeId(_replica.Find("f").Value);
        FuseHandle handle = await _replica.OpenForWritingAsync("f", truncate: false);
        await _replica.WriteAsync(handle, 0, "synced");
        Assert.Equal(Errno.OK, await files.Fsync(default, node, handle, dataOnly: false, new CancellationToken(canceled: true)));
        await _objects.CutPowerAsync(new Random(2));
        _replica.PowerCut(new Random(3));
        files = new VolumeFileSystem(_replica.Volume);
        handle = await _replica.OpenForWritingAsync("f", truncate: false);
        await _replica.WriteAsync(handle, 6, " closed");
        Assert.Equal(Errno.OK, await files.Flush(default, node, handle, lockOwner: 0, new CancellationToken(canceled: true)));
        await _replica.Volume.ReleaseAsync(handle);
        Assert.Equal("synced closed" + _content[13..], await _replica.ReadAsync("f"));
    }

    [Fact]
    public async Task Open_that_is_interrupted_while_it_truncates_leaves_nothing_open()
    {
        var files = new VolumeFileSystem(_replica.Volume);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => files.Open(default, new FuseNodeId(_replica.Find("f").Value), new FuseOpenMode(ReadWrite | Truncate), new CancellationToken(canceled: true)).AsTask());
        Assert.Empty(await _replica.Volume.ListHeldContentAsync(Cancel));
        Assert.Equal(_content, await _replica.ReadAsync("f"));
    }

    [Fact]
    public async Task Change_above_a_chunk_that_cannot_be_read_keeps_no_snapshot_of_the_schedule_from_being_taken()
    {
        FuseHandle handle = await _replica.OpenForWritingAsync("f", truncate: false);
        await _replica.WriteAsync(handle, 1000, "patched");
        await _replica.WriteAsync("other", "before");
        _objects.IsUnreadable = true;
        await _replica.CloseAsync(handle);
        FuseHandle open = await _replica.OpenForWritingAsync("other");
        await _replica.WriteAsync(open, "written and not closed");
        FileName name = FileName.Parse("monday");
        await Assert.ThrowsAsync<StoreException>(() => _replica.Volume.TakeSnapshotAsync(name, Cancel)); // somebody is told
        Assert.Contains(_replica.Log, static line => line.Contains("f cannot be read", StringComparison.Ordinal));
        Assert.Equal(Errno.OK, (await _replica.Volume.TakeSnapshotAsync(name, SnapshotOrigin.Schedule, skipUnchanged: true, Cancel)).Error);
        Assert.Contains(_replica.Log, static line => line.Contains("is in the snapshot as it was before", StringComparison.Ordinal));
        _objects.IsUnreadable = false;
        Snapshot snapshot = await _replica.Volume.OpenSnapshotAsync(_replica.Volume.FindSnapshot(name)!.Key, Cancel);
        Assert.Equal("written and not closed", Encoding.UTF8.GetString((await snapshot.FindAsync([FileName.Parse("other")], Cancel))!.Content!.Bytes.Span));
        Assert.Equal((ulong)_content.Length, (await snapshot.FindAsync([FileName.Parse("f")], Cancel))!.Content!.SizeBytes);

        // What waited is in the next one.
        Assert.Equal(Errno.OK, await _replica.Volume.TakeSnapshotAsync(FileName.Parse("tuesday"), Cancel));
        Snapshot next = await _replica.Volume.OpenSnapshotAsync(_replica.Volume.FindSnapshot(FileName.Parse("tuesday"))!.Key, Cancel);
        Assert.NotEqual((await snapshot.FindAsync([FileName.Parse("f")], Cancel))!.Content, (await next.FindAsync([FileName.Parse("f")], Cancel))!.Content);
        await _replica.CloseAsync(open);
        await _replica.Volume.SettlePatchesAsync(Cancel);
        Assert.Equal(string.Concat(_content.AsSpan(0, 1000), "patched", _content.AsSpan(1007)), await _replica.ReadAsync("f"));
    }
}
