using Bazil.Storage.Arena;
using Bazil.Storage.Stores;
using static Bazil.Storage.Tests.Arena.ArenaFixture;

namespace Bazil.Storage.Tests.Arena;

public sealed class ArenaStoreTests : IDisposable
{
    private const int Size = 3000;

    private readonly ArenaFixture _arena = new();

    public void Dispose() => _arena.Dispose();

    [Fact]
    public async Task Objects_in_many_segments_survive_a_restart()
    {
        await _arena.FillAsync(40, Size);
        Assert.True(_arena.SegmentFiles.Length > 5);
        await using ArenaStore store = _arena.Open();
        Assert.Empty(store.Problems);
        for (int number = 0; number < 40; number++) Assert.Equal(Content(number, Size), await ReadAsync(store, Id(number)));
        Assert.Equal(40, store.Usage.ObjectCount);
        Assert.Equal(40, (await ScanAsync(store)).Count);
    }

    [Fact]
    public async Task Scan_names_ids_and_sizes_in_the_order_of_the_puts()
    {
        await using ArenaStore store = _arena.Open();
        for (int number = 0; number < 20; number++) await store.PutAsync(Id(number), Content(number, 100 * number), default);
        Assert.Equal(Enumerable.Range(0, 20).Select(number => new StoredObject(Id(number), 100 * number)), await ScanAsync(store));
    }

    [Fact]
    public async Task Closing_and_opening_again_adds_nothing()
    {
        await _arena.FillAsync(3, Size);
        long length = new FileInfo(_arena.SegmentFiles[^1]).Length;
        for (int i = 0; i < 3; i++) await _arena.Open().DisposeAsync();
        Assert.Equal(length, new FileInfo(_arena.SegmentFiles[^1]).Length);
        Assert.Single(_arena.SegmentFiles);
    }

    [Fact]
    public async Task Own_store_writes_nothing_for_an_object_it_has()
    {
        await using ArenaStore store = _arena.Open();
        await store.PutAsync(Id(1), Content(1, Size), default);
        StoreUsage before = store.Usage;
        await store.PutAsync(Id(1), Content(2, Size), default);
        Assert.Equal(before, store.Usage);
        Assert.Equal(Content(1, Size), await ReadAsync(store, Id(1)));
    }

    [Fact]
    public async Task Comparing_store_writes_nothing_for_equal_bytes_and_lists_a_replaced_object_once()
    {
        using var arena = new ArenaFixture { Options = _arena.Options with { Trust = ArenaTrust.Compare } };
        await using ArenaStore store = arena.Open();
        await store.PutAsync(Id(1), Content(1, Size), default);
        StoreUsage before = store.Usage;
        await store.PutAsync(Id(1), Content(1, Size), default);
        Assert.Equal(before, store.Usage);
        await store.PutAsync(Id(1), Content(2, Size), default);
        Assert.Equal(Content(2, Size), await ReadAsync(store, Id(1)));
        Assert.Single(await ScanAsync(store));
        await store.ReclaimAsync(default);
        Assert.Equal(1, store.Usage.ObjectCount);
        Assert.Equal(Content(2, Size), await ReadAsync(store, Id(1)));
    }

    [Fact]
    public async Task Object_marked_as_damaged_counts_as_absent_until_it_is_put_again()
    {
        await using ArenaStore store = _arena.Open();
        await store.PutAsync(Id(1), Content(1, Size), default);
        store.MarkDamaged(Id(1), Content(2, Size));
        Assert.True(await store.HasAsync(Id(1), default));
        store.MarkDamaged(Id(1), Content(1, Size));
        Assert.False(await store.HasAsync(Id(1), default));
        Assert.Empty(await ScanAsync(store));
        await Assert.ThrowsAsync<CorruptObjectException>(async () => await store.GetAsync(Id(1), default));
        Assert.Equal([Id(1)], (await store.VerifyAsync(long.MaxValue, default)).DamagedIds);

        await store.PutAsync(Id(1), Content(3, Size), default);
        Assert.Equal(Content(3, Size), await ReadAsync(store, Id(1)));
        await store.ReclaimAsync(default);
        Assert.True((await store.VerifyAsync(long.MaxValue, default)).IsClean);
    }

    [Fact]
    public async Task Deleted_space_is_given_back_and_an_empty_segment_removed()
    {
        using var arena = new ArenaFixture { Options = _arena.Options with { SegmentSizeBytesMax = 1024 * 1024, CompactBelowLivePercent = 0 } };
        await using ArenaStore store = arena.Open();
        for (int number = 0; number < 30; number++) await store.PutAsync(Id(number), Content(number, 100_000), default);
        await store.SealAsync(default);
        Assert.Equal(3, arena.SegmentFiles.Length);
        for (int number = 0; number < 19; number++) Assert.True(await store.DeleteAsync(Id(number), default));
        await store.ReclaimAsync(default);

        Assert.Equal(2, arena.SegmentFiles.Length);
        using Microsoft.Win32.SafeHandles.SafeFileHandle file = File.OpenHandle(arena.SegmentFiles[0], FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        Assert.True(Bazil.Unix.UnixFile.AllocatedBytes(file, "segment") < 400_000);
        Assert.Equal(11, store.Usage.ObjectCount);
        Assert.Equal(11, (await ScanAsync(store)).Count);
        Assert.True((await store.VerifyAsync(long.MaxValue, default)).IsClean);
    }

    [Fact]
    public async Task Compaction_moves_what_is_left_and_removes_the_segment()
    {
        await using ArenaStore store = _arena.Open();
        for (int number = 0; number < 60; number++) await store.PutAsync(Id(number), Content(number, Size), default);
        await store.SealAsync(default);
        int segments = _arena.SegmentFiles.Length;
        for (int number = 0; number < 60; number++)
        {
            if (number % 4 != 0) await store.DeleteAsync(Id(number), default);
        }

        await store.UpkeepAsync(default);
        Assert.True(_arena.SegmentFiles.Length < segments / 2, $"{_arena.SegmentFiles.Length} of {segments}");
        for (int number = 0; number < 60; number++) Assert.Equal(number % 4 == 0 ? Content(number, Size) : null, await ReadAsync(store, Id(number)));
        Assert.Equal(15, (await ScanAsync(store)).Count);
        Assert.Equal(15, store.Usage.ObjectCount);
    }

    [Fact]
    public async Task Last_segment_of_many_objects_gets_its_index_at_close_and_one_of_few_does_not()
    {
        using var arena = new ArenaFixture { Options = _arena.Options with { SegmentSizeBytesMax = 64 * 1024 * 1024 } };
        await arena.FillAsync(1000, 1);
        Assert.Empty(Directory.GetFiles(Path.Combine(arena.Root, "index")));
        await arena.FillAsync(20_000, 1);
        Assert.Single(Directory.GetFiles(Path.Combine(arena.Root, "index")));
        await using ArenaStore store = arena.Open();
        Assert.Equal(20_000, store.Usage.ObjectCount);
        for (int number = 0; number < 20_000; number += 97) Assert.Equal(Content(number, 1), await ReadAsync(store, Id(number)));
        Assert.Null(await ReadAsync(store, Id(20_000)));
    }

    [Fact]
    public async Task Puts_beyond_the_frozen_limit_write_the_index_themselves()
    {
        await using ArenaStore store = _arena.Open();
        for (int number = 0; number < 60; number++) await store.PutAsync(Id(number), Content(number, Size), default);
        Assert.NotEmpty(Directory.GetFiles(Path.Combine(_arena.Root, "index")));
        for (int number = 0; number < 60; number++) Assert.Equal(Content(number, Size), await ReadAsync(store, Id(number)));
    }

    [Fact]
    public async Task Readers_writers_deleters_and_compaction_at_once_lose_nothing()
    {
        using var arena = new ArenaFixture { Options = _arena.Options with { RunsInBackground = true, SegmentSizeBytesMax = 64 * 1024 } };
        await using ArenaStore store = arena.Open();
        const int perWorker = 40;
        using var stop = new CancellationTokenSource();
        Task upkeep = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested) await store.UpkeepAsync(default);
        });
        Task scan = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested) await ScanAsync(store);
        });
        await Parallel.ForAsync(0, 6, async (worker, cancel) =>
        {
            var random = new Random(worker);
            var there = new HashSet<int>();
            for (int step = 0; step < 1500; step++)
            {
                int number = (worker * perWorker) + random.Next(perWorker);
                switch (random.Next(6))
                {
                    case < 2:
                        await store.PutAsync(Id(number), Content(number, 500 + (number * 20)), cancel);
                        there.Add(number);
                        break;
                    case 2:
                        Assert.Equal(there.Remove(number), await store.DeleteAsync(Id(number), cancel));
                        break;
                    case 3 when random.Next(20) == 0:
                        await store.SyncAsync(cancel);
                        break;
                    default:
                        Assert.Equal(there.Contains(number) ? Content(number, 500 + (number * 20)) : null, await ReadAsync(store, Id(number)));
                        break;
                }
            }
        });
        await stop.CancelAsync();
        await upkeep;
        await scan;
        Assert.Empty(store.Problems);
        Assert.True((await store.VerifyAsync(long.MaxValue, default)).IsClean);
    }
}
