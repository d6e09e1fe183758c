using System.Globalization;
using Bazil.Storage.Arena;
using Bazil.Storage.Arena.Disk;
using Bazil.Storage.Stores;
using Bazil.Storage.Tests.Arena.Simulation;
using Bazil.Unix;
using static Bazil.Storage.Tests.Arena.ArenaFixture;

namespace Bazil.Storage.Tests.Arena;

/// <summary>Stores of more segments than may be open. <c>BAZIL_ARENA_SEGMENTS=10000</c>, under <c>ulimit -n 1024</c>, makes one of many.</summary>
public class SegmentFilePoolTests
{
    private const int SegmentCount = 700;

    [Fact]
    public async Task Store_of_many_segments_has_few_of_them_open()
    {
        int count = int.TryParse(Environment.GetEnvironmentVariable("BAZIL_ARENA_SEGMENTS"), CultureInfo.InvariantCulture, out int wanted) ? wanted : SegmentCount;
        using var arena = new ArenaFixture { Options = new ArenaOptions { SegmentSizeBytesMax = 4096, RunsInBackground = false, FreeFloorBytes = 0 } };
        await using (ArenaStore store = arena.Open())
        {
            for (int number = 0; number < count; number++)
            {
                await store.PutAsync(Id(number), Content(number, 4000), default);
                if (number % 64 == 63) await store.UpkeepAsync(default);
            }

            await store.SealAsync(default);
            await CheckAsync(store, count);
            Assert.Equal(count, arena.SegmentFiles.Length);

            // Each gets a write that is not synced: they are closed all the same.
            for (int number = 0; number < count; number += 2) Assert.True(await store.DeleteAsync(Id(number), default));
            Assert.InRange(OpenSegmentCount(arena.Root), 1, ArenaLimits.OpenFileCountMax);
            await store.ReclaimAsync(default);
            Assert.Equal(count / 2, arena.SegmentFiles.Length);
        }

        await using ArenaStore again = arena.Open();
        Assert.Empty(again.Problems);
        for (int number = 1; number < count; number += 2) Assert.Equal(Content(number, 4000), await ReadAsync(again, Id(number)));
        Assert.True((await again.VerifyAsync(long.MaxValue, default)).IsClean);
        Assert.InRange(OpenSegmentCount(arena.Root), 1, ArenaLimits.OpenFileCountMax);

        async Task CheckAsync(ArenaStore store, int upTo)
        {
            await Parallel.ForEachAsync(Enumerable.Range(0, upTo), TestContext.Current.CancellationToken, async (number, _) => Assert.Equal(Content(number, 4000), await ReadAsync(store, Id(number))));
            Assert.InRange(OpenSegmentCount(arena.Root), 1, ArenaLimits.OpenFileCountMax);
        }
    }

    [Fact]
    public void File_with_unsynced_writes_is_closed_last_and_a_failure_then_is_told_at_the_next_sync()
    {
        using var disk = new SimulatedDisk(new Random(1));
        using var directory = new PooledSegmentDirectory(disk.Mount(), 2);
        ISegmentFile written = directory.Create("segments/1");
        written.Write([1, 2, 3], [], [], 0);
        ISegmentFile clean = directory.Create("segments/2");
        int syncs = disk.SyncCount;
        ISegmentFile third = directory.Create("segments/3");
        Assert.Equal(syncs, disk.SyncCount); // the clean one went

        third.Write([1], [], [], 0);
        disk.FailAfter(2, Errno.EIO); // making the next file, and then the sync of one that has to go
        ISegmentFile fourth = directory.Create("segments/4");
        UnixException[] failures = [.. ((ISegmentFile[])[written, third]).Select(file => Record.Exception(file.Sync)).OfType<UnixException>()];
        Assert.Equal(Errno.EIO, Assert.Single(failures).Error);
        written.Sync();
        third.Sync();

        Span<byte> bytes = stackalloc byte[3];
        Assert.Equal(3, written.Read(bytes, 0));
        Assert.Equal([1, 2, 3], bytes.ToArray());
        Assert.Equal(0, clean.Read(bytes, 0));
        foreach (ISegmentFile file in (ISegmentFile[])[written, clean, third, fourth])
        {
            file.Dispose();
            Assert.Throws<ObjectDisposedException>(() => file.Length);
        }
    }

    private static int OpenSegmentCount(string root)
    {
        string segments = Path.Combine(root, "segments") + "/";
        return Directory.EnumerateFileSystemEntries("/proc/self/fd")
            .Count(path => new FileInfo(path).LinkTarget?.StartsWith(segments, StringComparison.Ordinal) == true);
    }
}
