using System.Diagnostics;
using Bazil.Storage.Arena;
using Bazil.Storage.Stores;
using Bazil.Storage.Tests.Arena.Simulation;
using Bazil.Testing.PowerCut;
using Bazil.Unix;
using static Bazil.Storage.Tests.Arena.ArenaFixture;

namespace Bazil.Storage.Tests.Arena;

/// <summary>Disks that are full, fail, vanish, or may only be read.</summary>
public class ArenaDiskTests
{
    private const int Size = 100_000;

    [Fact]
    public async Task Full_disk_stops_puts_above_the_floor_and_goes_on_when_there_is_room()
    {
        using PowerCutDisk? disk = PowerCutDisk.TryCreate(64L * 1024 * 1024, out string reason);
        Assert.SkipWhen(disk is null, reason);
        const long floor = 8L * 1024 * 1024;
        var options = new ArenaOptions { SegmentSizeBytesMax = 4 * 1024 * 1024, FreeFloorBytes = floor, RunsInBackground = false };
        string root = Path.Combine(disk.Path, "store");
        int count = 0;
        await using (ArenaStore store = ArenaStore.Open("full", root, options))
        {
            StoreException exception = await Assert.ThrowsAsync<StoreException>(async () =>
            {
                for (; count < 1000; count++) await store.PutAsync(Id(count), Content(count, Size), default);
            });
            Assert.True(exception.IsDiskFull);
            Assert.Contains("the disk is full", exception.Message, StringComparison.Ordinal);
            await store.SyncAsync(default);
            Assert.InRange(DiskSpace.Of(root).UsableBytes, floor - (4 * 1024 * 1024), floor + (8 * 1024 * 1024));
            Assert.True(new FileInfo(Path.Combine(root, "reserve")).Length >= floor / 4);

            // Somebody else takes the rest: the reserve is given back, so that a little can still be written.
            string hog = Path.Combine(disk.Path, "hog");
            FillDisk(hog);
            Assert.True((await Assert.ThrowsAsync<StoreException>(async () => await store.PutAsync(Id(5000), Content(1, Size), default))).IsDiskFull);
            Assert.Equal(0, new FileInfo(Path.Combine(root, "reserve")).Length);
            await File.WriteAllBytesAsync(Path.Combine(disk.Path, "metadata"), new byte[1024 * 1024]);

            // Deletion goes on, and makes room.
            for (int number = 0; number < count; number += 2) Assert.True(await store.DeleteAsync(Id(number), default));
            await store.ReclaimAsync(default);
            File.Delete(hog);
            await store.UpkeepAsync(default);
            Assert.True(new FileInfo(Path.Combine(root, "reserve")).Length >= floor / 4);
            await store.PutAsync(Id(5000), Content(5000, Size), default);
            await store.SyncAsync(default);
        }

        await using ArenaStore again = ArenaStore.Open("full", root, options);
        Assert.Empty(again.Problems);
        for (int number = 0; number < count; number++) Assert.Equal(number % 2 == 1 ? Content(number, Size) : null, await ReadAsync(again, Id(number)));
        Assert.Equal(Content(5000, Size), await ReadAsync(again, Id(5000)));
        Assert.True((await again.VerifyAsync(long.MaxValue, default)).IsClean);
    }

    [Fact]
    public async Task Deleted_objects_make_room_for_the_next_put_without_waiting_for_the_background()
    {
        using PowerCutDisk? disk = PowerCutDisk.TryCreate(64L * 1024 * 1024, out string reason);
        Assert.SkipWhen(disk is null, reason);
        var options = new ArenaOptions { FreeFloorBytes = 8L * 1024 * 1024, RunsInBackground = false };
        await using ArenaStore store = ArenaStore.Open("full", Path.Combine(disk.Path, "store"), options);
        int count = 0;
        await Assert.ThrowsAsync<StoreException>(async () =>
        {
            for (; count < 1000; count++) await store.PutAsync(Id(count), Content(count, Size), default);
        });
        for (int number = 0; number < count; number++) Assert.True(await store.DeleteAsync(Id(number), default));
        for (int number = 0; number < count / 2; number++) await store.PutAsync(Id(5000 + number), Content(number, Size), default);
        await store.SyncAsync(default);
        Assert.Empty(store.Problems);
    }

    [Fact]
    public async Task Store_without_a_floor_on_a_disk_filled_to_the_last_byte_loses_nothing()
    {
        using PowerCutDisk? disk = PowerCutDisk.TryCreate(32L * 1024 * 1024, out string reason);
        Assert.SkipWhen(disk is null, reason);
        var options = new ArenaOptions { SegmentSizeBytesMax = 2 * 1024 * 1024, FreeFloorBytes = 0, RunsInBackground = false };
        string root = Path.Combine(disk.Path, "store");
        var there = new HashSet<int>();
        await using (ArenaStore store = ArenaStore.Open("full", root, options))
        {
            for (int number = 0; number < 600; number++)
            {
                try
                {
                    await store.PutAsync(Id(number), Content(number, 1 + (number * 7919 % 180_000)), default);
                    there.Add(number);
                }
                catch (StoreException exception)
                {
                    Assert.True(exception.IsDiskFull, exception.Message);
                    foreach (int gone in there.Take(3).ToArray())
                    {
                        Assert.True(await store.DeleteAsync(Id(gone), default));
                        there.Remove(gone);
                    }

                    if (number % 50 == 0) await store.ReclaimAsync(default);
                }
            }
        }

        await using ArenaStore again = ArenaStore.Open("full", root, options);
        foreach (int number in there) Assert.Equal(Content(number, 1 + (number * 7919 % 180_000)), await ReadAsync(again, Id(number)));
        Assert.True((await again.VerifyAsync(long.MaxValue, default)).IsClean);
    }

    [Fact]
    public async Task Store_on_a_disk_without_a_free_byte_opens_and_can_delete()
    {
        using PowerCutDisk? disk = PowerCutDisk.TryCreate(64L * 1024 * 1024, out string reason);
        Assert.SkipWhen(disk is null, reason);
        var options = new ArenaOptions { SegmentSizeBytesMax = 1024 * 1024, FreeFloorBytes = 8L * 1024 * 1024, RunsInBackground = false };
        string root = Path.Combine(disk.Path, "store");
        await using (ArenaStore store = ArenaStore.Open("full", root, options))
        {
            for (int number = 0; number < 40; number++) await store.PutAsync(Id(number), Content(number, Size), default);
        }

        // Damage, which opening wants to copy, and no index: it has to look at everything.
        using (FileStream segment = File.OpenWrite(Path.Combine(root, "segments", "00000001.seg"))) segment.Write(new byte[200]);
        foreach (string index in Directory.GetFiles(Path.Combine(root, "index"))) File.Delete(index);
        FillDisk(Path.Combine(disk.Path, "hog"));
        await using (ArenaStore store = ArenaStore.Open("full", root, options))
        {
            for (int number = 1; number < 40; number++) Assert.Equal(Content(number, Size), await ReadAsync(store, Id(number)));
            Assert.True((await Assert.ThrowsAsync<StoreException>(async () => await store.PutAsync(Id(100), Content(100, Size), default))).IsDiskFull);
            for (int number = 1; number < 30; number++) Assert.True(await store.DeleteAsync(Id(number), default));
            await store.ReclaimAsync(default);
            Assert.True(DiskSpace.Of(root).UsableBytes > 1024 * 1024);
        }

        File.Delete(Path.Combine(disk.Path, "hog"));
        await using ArenaStore again = ArenaStore.Open("full", root, options);
        for (int number = 30; number < 40; number++) Assert.Equal(Content(number, Size), await ReadAsync(again, Id(number)));
        await again.PutAsync(Id(100), Content(100, Size), default);
    }

    [Fact]
    public async Task Vanished_disk_is_named_and_crashes_nothing()
    {
        using PowerCutDisk? disk = PowerCutDisk.TryCreate(64L * 1024 * 1024, out string reason);
        Assert.SkipWhen(disk is null, reason);
        string root = Path.Combine(disk.Path, "store");
        ArenaStore store = ArenaStore.Open("gone", root, new ArenaOptions());
        await store.PutAsync(Id(1), Content(1, Size), default);
        await store.SyncAsync(default);
        disk.Shutdown();
        foreach (Func<ValueTask> use in (Func<ValueTask>[])[
            () => store.PutAsync(Id(2), Content(2, Size), default),
            async () => await store.DeleteAsync(Id(1), default),
            () => store.SyncAsync(default)])
        {
            StoreException? exception = await Record.ExceptionAsync(async () => await use()) as StoreException;
            if (exception is not null) Assert.Contains("store gone", exception.Message, StringComparison.Ordinal);
        }

        Assert.Contains("its disk fails or is gone", (await Assert.ThrowsAsync<StoreException>(async () =>
        {
            for (int number = 10; number < 2000; number++)
            {
                await store.PutAsync(Id(number), Content(number, Size), default);
                await store.SyncAsync(default);
            }
        })).Message, StringComparison.Ordinal);
        await Record.ExceptionAsync(async () => await store.DisposeAsync());
        disk.Remount();
        await using ArenaStore again = ArenaStore.Open("back", root, new ArenaOptions());
        Assert.Equal(Content(1, Size), await ReadAsync(again, Id(1)));
    }

    [Fact]
    public async Task Read_only_disk_is_refused_by_name()
    {
        using var arena = new ArenaFixture();
        Directory.CreateDirectory(arena.Root);
        Assert.SkipUnless(TryRun("mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", arena.Root), "mounting needs root");
        try
        {
            await arena.FillAsync(1, 1000);
            Assert.True(TryRun("mount", "-o", "remount,ro", arena.Root));
            StoreException exception = Assert.Throws<StoreException>(arena.Open);
            Assert.Contains("it is on a read-only file system", exception.Message, StringComparison.Ordinal);
        }
        finally
        {
            Assert.True(TryRun("umount", arena.Root));
        }
    }

    [Fact]
    public async Task Failed_sync_stops_changes_until_the_store_is_opened_again_and_a_full_disk_does_not()
    {
        using var disk = new SimulatedDisk(new Random(1));
        var options = new ArenaOptions { RunsInBackground = false };
        ArenaStore store = ArenaStore.Open("arena", disk.Mount(), options);
        await store.PutAsync(Id(1), Content(1, 1000), default);
        await store.SyncAsync(default);
        await store.PutAsync(Id(2), Content(2, 1000), default);

        disk.FailAfter(1, Errno.ENOSPC);
        Assert.True((await Assert.ThrowsAsync<StoreException>(async () => await store.SyncAsync(default))).IsDiskFull);
        await store.SyncAsync(default);
        await store.PutAsync(Id(3), Content(3, 1000), default);

        disk.FailAfter(1, Errno.EIO);
        StoreException failure = await Assert.ThrowsAsync<StoreException>(async () => await store.SyncAsync(default));
        Assert.Contains("its disk fails or is gone", failure.Message, StringComparison.Ordinal);
        Assert.Contains("since a sync failed", (await Assert.ThrowsAsync<StoreException>(async () => await store.SyncAsync(default))).Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<StoreException>(async () => await store.PutAsync(Id(4), Content(4, 10), default));
        await Assert.ThrowsAsync<StoreException>(async () => await store.DeleteAsync(Id(1), default));
        Assert.Equal(Content(3, 1000), await ReadAsync(store, Id(3)));
        await store.DisposeAsync();

        disk.CutPower();
        await using ArenaStore again = ArenaStore.Open("arena", disk.Mount(), options);
        Assert.Equal(Content(2, 1000), await ReadAsync(again, Id(2)));
        await again.PutAsync(Id(4), Content(4, 10), default);
        await again.SyncAsync(default);
    }

    [Fact]
    public async Task Disk_that_is_full_at_the_first_sync_of_a_segment_is_forgiven_too()
    {
        using var disk = new SimulatedDisk(new Random(1));
        var options = new ArenaOptions { RunsInBackground = false };
        ArenaStore store = ArenaStore.Open("arena", disk.Mount(), options);
        await store.PutAsync(Id(1), Content(1, 1000), default);
        disk.FailAfter(2, Errno.ENOSPC); // the names are synced, the segment is not
        Assert.True((await Assert.ThrowsAsync<StoreException>(async () => await store.SyncAsync(default))).IsDiskFull);

        await store.SyncAsync(default);

        disk.CutPower();
        await Record.ExceptionAsync(async () => await store.DisposeAsync());
        await using ArenaStore again = ArenaStore.Open("arena", disk.Mount(), options);
        Assert.Empty(again.Problems);
        Assert.Equal(Content(1, 1000), await ReadAsync(again, Id(1)));
    }

    [Fact]
    public async Task What_a_failed_sync_left_in_memory_alone_is_written_again_by_the_next_process()
    {
        using var disk = new SimulatedDisk(new Random(1));
        var options = new ArenaOptions { RunsInBackground = false };
        ArenaStore broken = ArenaStore.Open("arena", disk.Mount(), options);
        await broken.PutAsync(Id(1), Content(1, 1000), default);
        await broken.SyncAsync(default);
        await broken.PutAsync(Id(2), Content(2, 5000), default);
        disk.FailAfter(1, Errno.EIO);
        await Assert.ThrowsAsync<StoreException>(async () => await broken.SyncAsync(default));
        await broken.DisposeAsync();

        // The kernel still shows the object and calls it clean: a sync alone would write nothing, and say yes.
        ArenaStore next = ArenaStore.Open("arena", disk.Mount(), options);
        Assert.Equal(Content(2, 5000), await ReadAsync(next, Id(2)));
        await next.PutAsync(Id(2), Content(2, 5000), default);
        await next.SyncAsync(default);

        disk.CutPower();
        await Record.ExceptionAsync(async () => await next.DisposeAsync());
        await using ArenaStore again = ArenaStore.Open("arena", disk.Mount(), options);
        Assert.Equal(Content(2, 5000), await ReadAsync(again, Id(2)));
    }

    [Fact]
    public async Task Failed_write_loses_only_that_object()
    {
        using var disk = new SimulatedDisk(new Random(1));
        var options = new ArenaOptions { RunsInBackground = false, SegmentSizeBytesMax = 4096 };
        ArenaStore store = ArenaStore.Open("arena", disk.Mount(), options);
        var there = new HashSet<int>();
        for (int number = 0; number < 60; number++)
        {
            if (number % 3 == 0) disk.FailAfter(1 + (number % 2), number % 4 == 0 ? Errno.ENOSPC : Errno.EIO);
            if (await Record.ExceptionAsync(async () => await store.PutAsync(Id(number), Content(number, 900), default)) is null) there.Add(number);
        }

        Assert.InRange(there.Count, 30, 59);
        disk.FailAfter(int.MaxValue, Errno.OK);
        await store.DisposeAsync();
        await using ArenaStore again = ArenaStore.Open("arena", disk.Mount(), options);
        Assert.Equal(there.Order(), (await ScanAsync(again)).Select(stored => Enumerable.Range(0, 60).First(number => Id(number) == stored.Id)).Order());
        foreach (int number in there) Assert.Equal(Content(number, 900), await ReadAsync(again, Id(number)));
    }

    private static void FillDisk(string path)
    {
        using FileStream file = File.Create(path);
        byte[] block = new byte[64 * 1024];
        try
        {
            while (true)
            {
                file.Write(block);
                file.Flush(flushToDisk: true);
            }
        }
        catch (IOException)
        {
            // That was the last of it.
        }
    }

    private static bool TryRun(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardError = true })!;
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
