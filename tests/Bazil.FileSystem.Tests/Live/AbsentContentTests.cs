using System.Text;
using Bazil.Core;
using Bazil.FileSystem.Dynamic;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Snapshots;
using Bazil.FileSystem.Tests.Simulation;
using Bazil.Fuse;
using Bazil.Storage.Stores;
using Bazil.Unix;

namespace Bazil.FileSystem.Tests.Live;

/// <summary>Programs that change or look at content which is in a store that is away.</summary>
public sealed class AbsentContentTests : IAsyncLifetime
{
    private const int ChunkBytes = 128 * 1024;
    private const uint ReadWrite = 2, Synchronous = 0x101000;
    private static readonly string _content = string.Concat(Enumerable.Range(0, 100_000).Select(static number => $"{number:x5} "));
    private static readonly string _source = string.Concat(Enumerable.Range(200_000, 100_000).Select(static number => $"{number:x5} "));

    private readonly FarObjects _far = new();
    private readonly ScriptedReach _reach = new();
    private World _world = null!;
    private Replica _replica = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _world = await World.CreateAsync(1, hasOwnStores: true);
        _replica = _world.Replicas[0];
        _replica.MakeDirectory("d");
        await _replica.WriteAsync("d/f", _content);
        await _replica.WriteAsync("g", _source);
        await _replica.WriteAsync("whole", _content[..(2 * ChunkBytes)]);
        Assert.Equal(Errno.OK, await _replica.Volume.TakeSnapshotAsync(FileName.Parse("monday"), Cancel));
        await _replica.Volume.DisposeAsync();
        await _far.TakeAsync(_replica.OwnObjects, Cancel);
        (_world.Far, _world.Reach) = (_far, _reach);
        _replica.Start();
    }

    public async ValueTask DisposeAsync() => await _world.DisposeAsync();

    public static TheoryData<string> Changes => ["write", "write at the end of a chunk", "append", "truncate", "truncate by name", "punch", "punch across", "copy bytes", "copy chunks", "copy into"];

    [Theory]
    [MemberData(nameof(Changes))]
    public async Task Change_of_absent_content_waits_for_a_store_and_holds_up_nobody(string kind)
    {
        FuseHandle handle = await _replica.OpenForWritingAsync("d/f", truncate: false), source = _replica.Volume.Open(_replica.Find("g"), new FuseOpenMode(0)).Value;
        Assert.Equal(_content[ChunkBytes..(ChunkBytes + 10)], await ReadAsync(handle, ChunkBytes, 10)); // brings the pointers
        _far.IsAway = true;
        Task change = ChangeAsync(kind, handle, source, Cancel);
        await _reach.Watched.WaitAsync(Cancel);
        Assert.False(change.IsCompleted);

        // It is listed. A snapshot would wait for ever for a change that holds the pause: the clock's timers never fire.
        _world.Clock.Advance(TimeSpan.FromSeconds(2));
        WaitingRead waiting = Assert.Single(_replica.Volume.ListWaitingReads());
        Assert.Equal(("d/f", true, "far is away"), (waiting.Path, waiting.IsChange, waiting.Problem));
        await _replica.WriteAsync("other", _content);
        FuseHandle same = await _replica.OpenForWritingAsync("d/f", truncate: false);
        await _replica.WriteAsync(same, 2 * ChunkBytes, new string('w', ChunkBytes)); // of another chunk of the same file, as a whole
        Assert.Equal(Errno.OK, await _replica.Volume.TakeSnapshotAsync(FileName.Parse($"while {kind}"), Cancel).WaitAsync(TimeSpan.FromSeconds(60), Cancel));

        _far.IsAway = false;
        _reach.Return();
        await change;
        await _replica.CloseAsync(handle);
        await _replica.CloseAsync(same);
        await _replica.Volume.ReleaseAsync(source);
        Assert.Equal(Expected(kind), await _replica.ReadAsync("d/f"));
        Assert.Equal(_source, await _replica.ReadAsync("g"));
        Assert.Equal(_content, await _replica.ReadAsync("other"));
        Assert.Equal(0, _reach.Watchers);
    }

    [Theory]
    [MemberData(nameof(Changes))]
    public async Task Change_whose_store_hangs_is_interrupted_on_the_wire_and_has_changed_nothing(string kind)
    {
        FuseHandle handle = await _replica.OpenForWritingAsync("d/f", truncate: false), source = _replica.Volume.Open(_replica.Find("g"), new FuseOpenMode(0)).Value;
        _far.Hangs = true;
        using var interrupt = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        Task change = ChangeAsync(kind, handle, source, interrupt.Token);
        await _far.Asked.WaitAsync(Cancel);
        await _replica.WriteAsync("other", _content);
        Assert.Equal(Errno.OK, await _replica.Volume.TakeSnapshotAsync(FileName.Parse($"while {kind}"), Cancel).WaitAsync(TimeSpan.FromSeconds(60), Cancel));
        await interrupt.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => change);
        await _far.Cancelled.WaitAsync(Cancel);
        _far.Hangs = false;
        await _replica.CloseAsync(handle);
        await _replica.Volume.ReleaseAsync(source);
        Assert.Equal(_content, await _replica.ReadAsync("d/f"));
    }

    [Fact]
    public async Task Read_whose_store_hangs_holds_up_no_change_of_the_file()
    {
        FuseHandle handle = await _replica.OpenForWritingAsync("d/f", truncate: false);
        Assert.Equal(_content[ChunkBytes..(ChunkBytes + 10)], await ReadAsync(handle, ChunkBytes, 10)); // brings the pointers
        _far.Hangs = true;
        using var interrupt = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        Task<Reply<FuseReadResult>> read = _replica.Volume.ReadAsync(handle, 2 * ChunkBytes, new byte[10], interrupt.Token).AsTask();
        await _far.Asked.WaitAsync(Cancel);
        TimeSpan guard = TimeSpan.FromSeconds(60);
        await _replica.WriteAsync(handle, 3 * ChunkBytes, new string('w', ChunkBytes)).WaitAsync(guard, Cancel);
        await _replica.FsyncAsync(handle).WaitAsync(guard, Cancel);
        Assert.Equal("wwww", await ReadAsync(handle, (3 * ChunkBytes) + 7, 4).WaitAsync(guard, Cancel));
        await _replica.WriteAsync(handle, ChunkBytes + 7, "small").WaitAsync(guard, Cancel);
        Assert.Equal(Errno.OK, await _replica.Volume.TakeSnapshotAsync(FileName.Parse("meanwhile"), Cancel).WaitAsync(guard, Cancel));
        Assert.False(read.IsCompleted);
        await interrupt.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read);
        _far.Hangs = false;
        await _replica.CloseAsync(handle);
        Assert.Equal(With(With(_content, 3 * ChunkBytes, new string('w', ChunkBytes)), ChunkBytes + 7, "small"), await _replica.ReadAsync("d/f"));
    }

    [Fact]
    public async Task What_is_appended_at_the_end_of_a_chunk_waits_for_the_pointers_above_it()
    {
        FuseHandle handle = await _replica.OpenForWritingAsync("whole", truncate: false);
        _far.IsAway = true;
        Task change = _replica.WriteAsync(handle, 2 * ChunkBytes, "more");
        await _reach.Watched.WaitAsync(Cancel);
        Assert.False(change.IsCompleted);
        _far.IsAway = false;
        _reach.Return();
        await change;
        await _replica.CloseAsync(handle);
        Assert.Equal(_content[..(2 * ChunkBytes)] + "more", await _replica.ReadAsync("whole"));
    }

    [Fact]
    public async Task Snapshot_stays_while_something_is_copied_out_of_it_though_the_target_is_saved_meanwhile()
    {
        FileName monday = FileName.Parse("monday");
        SnapshotKey key = _replica.Volume.FindSnapshot(monday)!.Key;
        Snapshot snapshot = await _replica.Volume.OpenSnapshotAsync(key, Cancel);
        ContentValue content = (await snapshot.FindAsync([FileName.Parse("g")], Cancel))!.Content!;
        await using var source = new ValueContent(content, _replica.Volume.Blobs, key);
        FuseHandle handle = await _replica.OpenForWritingAsync("d/f");
        _far.IsAway = true;
        Task<Reply<long>> copy = _replica.Volume.CopyRangeAsync(source, 0, new FileRange(default, handle, 0), _source.Length, Cancel).AsTask();
        await _reach.Watched.WaitAsync(Cancel);
        await _replica.WriteAsync(handle, 1_000_000, "x");
        await _replica.FsyncAsync(handle);
        Assert.Equal(Errno.EBUSY, _replica.Volume.RemoveSnapshot(monday));
        _far.IsAway = false;
        _reach.Return();
        Assert.Equal(_source.Length, (await copy).Value);
        Assert.Equal(Errno.EBUSY, _replica.Volume.RemoveSnapshot(monday)); // until it is published
        await _replica.CloseAsync(handle);
        Assert.Equal(Errno.OK, _replica.Volume.RemoveSnapshot(monday));
        Assert.StartsWith(_source, await _replica.ReadAsync("d/f"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Change_fails_as_a_read_does_when_its_time_is_over_and_has_changed_nothing()
    {
        _reach.WaitMax = TimeSpan.Zero;
        _far.IsAway = true;
        FuseHandle handle = await _replica.OpenForWritingAsync("d/f", truncate: false);
        StoreException away = await Assert.ThrowsAsync<StoreException>(() => _replica.WriteAsync(handle, 1000, "x"));
        Assert.Equal(Errno.EHOSTUNREACH, VolumeFileSystem.MapException(away));
        await _replica.CloseAsync(handle);
        _far.IsAway = false;
        Assert.Equal(_content, await _replica.ReadAsync("d/f"));
    }

    [Fact]
    public async Task Synchronous_write_that_is_made_and_cannot_be_stored_is_no_interrupted_one()
    {
        _reach.WaitMax = TimeSpan.Zero;
        FuseHandle handle = _replica.Volume.Open(_replica.Find("d/f"), new FuseOpenMode(ReadWrite | Synchronous)).Value;
        FuseHandle other = await _replica.OpenForWritingAsync("d/f", truncate: false);
        Assert.Equal(_content[ChunkBytes..(ChunkBytes + 10)], await ReadAsync(handle, ChunkBytes, 10)); // brings it
        string data = new('w', ChunkBytes);
        await _replica.WriteAsync(other, 2 * ChunkBytes, data); // the way to all chunks is in memory now
        await _replica.WriteAsync(other, ChunkBytes + 1000, "beside the chunk, which is evicted then");
        await _far.TakeAsync(_replica.OwnObjects, Cancel);
        using var interrupt = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        (_far.IsAway, _far.Refusing) = (true, interrupt.Cancel);
        await Assert.ThrowsAsync<StoreException>(() => _replica.Volume.WriteAsync(handle, 3 * ChunkBytes, Encoding.UTF8.GetBytes(data), interrupt.Token).AsTask());
        Assert.True(interrupt.IsCancellationRequested);
        _far.IsAway = false;
        await _replica.CloseAsync(handle);
        await _replica.CloseAsync(other);
        Assert.Equal(With(With(_content, 2 * ChunkBytes, data + data), ChunkBytes + 1000, "beside the chunk, which is evicted then"), await _replica.ReadAsync("d/f"));
    }

    [Fact]
    public async Task Whole_chunks_are_written_and_a_file_is_emptied_without_what_is_absent()
    {
        _reach.WaitMax = TimeSpan.Zero;
        FuseHandle handle = await _replica.OpenForWritingAsync("d/f", truncate: false);
        Assert.Equal(_content[..10], await ReadAsync(handle, 0, 10)); // brings the pointers
        _far.IsAway = true;
        await _replica.WriteAsync(handle, ChunkBytes, new string('w', ChunkBytes));
        await _replica.CloseAsync(handle);
        Assert.Equal(Errno.OK, await _replica.Volume.TruncateAsync(_replica.Find("g"), 0, null, Cancel));
    }

    [Fact]
    public async Task Lookups_and_reads_below_snap_wait_for_a_store()
    {
        var files = new VolumeFileSystem(_replica.Volume);
        _far.IsAway = true;
        FuseNodeId snap = (await files.Lookup(default, new FuseNodeId(InodeId.Root.Value), ".snap"u8, Cancel)).Value.Node;
        FuseNodeId monday = await LookupAsync(files, snap, "monday", ".snap");
        FuseNodeId directory = await LookupAsync(files, monday, "d", ".snap/monday");
        FuseNodeId file = await LookupAsync(files, directory, "f", ".snap/monday/d");
        FuseHandle handle = (await files.Open(default, file, new FuseOpenMode(0), Cancel)).Value.Handle;
        byte[] buffer = new byte[1000];
        Reply<FuseReadResult> read = await WaitAsync(files.Read(default, file, handle, 500, buffer, Cancel).AsTask(), ".snap/monday/d/f");
        Assert.True(read.HasValue);
        Assert.Equal(_content.Substring(500, 1000), Encoding.UTF8.GetString(buffer));
        await files.Release(default, file, handle, new FuseOpenMode(0), Cancel);

        // Of a directory of the volume the same.
        _reach.WaitMax = TimeSpan.Zero;
        FuseNodeId live = (await files.Lookup(default, new FuseNodeId(InodeId.Root.Value), "d"u8, Cancel)).Value.Node;
        FuseNodeId below = (await files.Lookup(default, live, ".snap"u8, Cancel)).Value.Node;
        FuseNodeId old = (await files.Lookup(default, below, "monday"u8, Cancel)).Value.Node;
        FuseNodeId same = (await files.Lookup(default, old, "f"u8, Cancel)).Value.Node;
        FuseHandle opened = (await files.Open(default, same, new FuseOpenMode(0), Cancel)).Value.Handle;
        _far.IsAway = true;
        await Assert.ThrowsAsync<StoreException>(() => files.Read(default, same, opened, 400_000, buffer, Cancel).AsTask());
        Assert.Contains("d/.snap/monday/f cannot be read: far is away", Assert.Single(_replica.Log), StringComparison.Ordinal);
        await files.Release(default, same, opened, new FuseOpenMode(0), Cancel);
    }

    private async Task<FuseNodeId> LookupAsync(VolumeFileSystem files, FuseNodeId parent, string name, string waiting)
    {
        Reply<FuseEntry> found = await WaitAsync(files.Lookup(default, parent, Encoding.UTF8.GetBytes(name), Cancel).AsTask(), waiting);
        Assert.True(found.HasValue);
        _far.IsAway = true;
        return found.Value.Node;
    }

    /// <summary>Sees that something waits and is listed with this path, and lets the store come back.</summary>
    private async Task<T> WaitAsync<T>(Task<T> waiting, string path)
    {
        await _reach.Watched.WaitAsync(Cancel);
        _world.Clock.Advance(TimeSpan.FromSeconds(2));
        WaitingRead listed = Assert.Single(_replica.Volume.ListWaitingReads());
        Assert.Equal((path, false), (listed.Path, listed.IsChange));
        _far.IsAway = false;
        _reach.Return();
        return await waiting;
    }

    private async Task ChangeAsync(string kind, FuseHandle handle, FuseHandle source, CancellationToken cancel)
    {
        Volume volume = _replica.Volume;
        InodeId inode = _replica.Find("d/f");
        FileRange Range(InodeId node, FuseHandle file, long offset) => new(new FuseNodeId(node.Value), file, offset);
        switch (kind)
        {
            case "write": Assert.Equal(3, (await volume.WriteAsync(handle, 1000, "abc"u8.ToArray(), cancel)).Value); break;
            case "write at the end of a chunk": Assert.Equal(ChunkBytes, (await volume.WriteAsync(handle, 1000, Encoding.UTF8.GetBytes(new string('x', ChunkBytes)), cancel)).Value); break;
            case "append": Assert.Equal(3, (await volume.WriteAsync(handle, _content.Length, "abc"u8.ToArray(), cancel)).Value); break;
            case "truncate": Assert.Equal(Errno.OK, await volume.TruncateAsync(inode, 3 * ChunkBytes + 5, handle, cancel)); break;
            case "truncate by name": Assert.Equal(Errno.OK, await volume.TruncateAsync(inode, 3 * ChunkBytes + 5, null, cancel)); break;
            case "punch": Assert.Equal(Errno.OK, await volume.AllocateAsync(handle, 100, 200, AllocateModes.PunchHole | AllocateModes.KeepSize, cancel)); break;
            case "punch across": Assert.Equal(Errno.OK, await volume.AllocateAsync(handle, 100, ChunkBytes, AllocateModes.PunchHole | AllocateModes.KeepSize, cancel)); break;
            case "copy bytes": Assert.Equal(2000, (await volume.CopyRangeAsync(Range(_replica.Find("g"), source, 7), Range(inode, handle, 1000), 2000, cancel)).Value); break;
            case "copy chunks": Assert.Equal(ChunkBytes, (await volume.CopyRangeAsync(Range(_replica.Find("g"), source, 0), Range(inode, handle, 3 * ChunkBytes), ChunkBytes, cancel)).Value); break;
            case "copy into": Assert.Equal(ChunkBytes, (await volume.CopyRangeAsync(Range(_replica.Find("g"), source, 50), Range(inode, handle, 3 * ChunkBytes + 50), ChunkBytes, cancel)).Value); break;
            default: throw new ArgumentOutOfRangeException(nameof(kind));
        }
    }

    private static string Expected(string kind)
    {
        string before = With(_content, 2 * ChunkBytes, new string('w', ChunkBytes));
        return kind switch
        {
            "write" => With(before, 1000, "abc"),
            "write at the end of a chunk" => With(before, 1000, new string('x', ChunkBytes)),
            "append" => before + "abc",
            "truncate" or "truncate by name" => before[..((3 * ChunkBytes) + 5)],
            "punch" => With(before, 100, new string('\0', 200)),
            "punch across" => With(before, 100, new string('\0', ChunkBytes)),
            "copy bytes" => With(before, 1000, _source.Substring(7, 2000)),
            "copy chunks" => With(before, 3 * ChunkBytes, _source[..ChunkBytes]),
            _ => With(before, (3 * ChunkBytes) + 50, _source.Substring(50, ChunkBytes)),
        };
    }

    private static string With(string text, int at, string part) => string.Concat(text.AsSpan(0, at), part, text.AsSpan(at + part.Length));

    private async Task<string> ReadAsync(FuseHandle handle, long offset, int count)
    {
        byte[] buffer = new byte[count];
        Assert.True((await _replica.Volume.ReadAsync(handle, offset, buffer, Cancel)).HasValue);
        return Encoding.UTF8.GetString(buffer);
    }
}
