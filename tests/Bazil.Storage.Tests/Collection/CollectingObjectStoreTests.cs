using System.Diagnostics;
using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.Storage.Collection;
using Bazil.Storage.Metadata;
using Bazil.Storage.Stores;
using Bazil.Testing;

namespace Bazil.Storage.Tests.Collection;

public sealed class CollectingObjectStoreTests : IAsyncDisposable
{
    private readonly BreakingObjectStore _inner = new(new MemoryObjectStore("local"));
    private readonly MemoryMetadataStore _metadata = new();
    private CollectingObjectStore _store;

    public CollectingObjectStoreTests() => _store = Open();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    [Fact]
    public async Task Unmarked_object_is_a_fossil_first_and_deleted_by_the_next_collection()
    {
        await PutAsync(1, 2);

        SweepReport first = await CollectAsync(keep: [1]);
        Assert.Equal((1, 10), (first.Fossilised.Objects, first.Fossilised.Bytes));
        Assert.Equal(0, first.Deleted.Objects);
        Assert.NotNull(await _store.GetAsync(Ids.Of(2), Cancel));

        SweepReport second = await CollectAsync(keep: [1]);
        Assert.Equal((1, 10), (second.Deleted.Objects, second.Deleted.Bytes));
        Assert.Equal([1], await LeftAsync(1, 2));
        Assert.Equal(0UL, _store.Generation);
    }

    [Fact]
    public async Task Fossils_that_are_not_ripe_wait()
    {
        await PutAsync(1);
        await CollectAsync(keep: []);
        SweepReport report = await CollectAsync(keep: [], isRipe: false);
        Assert.Equal(1, report.Waiting.Objects);
        Assert.Equal(0, report.Fossilised.Objects);
        Assert.Equal([1], await LeftAsync(1));
        Assert.Equal(2UL, _store.Generation);

        Assert.Equal(1, (await CollectAsync(keep: [])).Deleted.Objects);
    }

    [Fact]
    public void Collection_that_did_not_complete_has_no_number_though_the_rows_cannot_be_read_at_its_end()
    {
        byte[] row = [(byte)Table.Collection];
        ObjectCollection collection = _store.Begin(isDryRun: false);
        Assert.Equal(1UL, collection.Generation);
        Commit(batch => batch.Put(row, [99]));
        Assert.Throws<WireFormatException>(collection.Dispose);
        Commit(batch => batch.Delete(row));
        using ObjectCollection next = _store.Begin(isDryRun: false);
        Assert.Equal(1UL, next.Generation);
    }

    private void Commit(Action<MetadataBatch> change)
    {
        var batch = new MetadataBatch();
        change(batch);
        _metadata.Commit(batch);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Hit_between_two_collections_makes_a_fossil_an_ordinary_object(bool isPut)
    {
        await PutAsync(1, 2);
        await CollectAsync(keep: []);
        if (isPut) await PutAsync(1);
        else Assert.True(await _store.TouchAsync(Ids.Of(1), Cancel));

        SweepReport report = await CollectAsync(keep: []);

        Assert.Equal(1, report.Deleted.Objects);
        Assert.Equal(1, report.Fossilised.Objects); // again, for nothing refers to it still
        Assert.Equal([1], await LeftAsync(1, 2));
    }

    [Fact]
    public async Task Hits_during_a_collection_keep_what_they_hit()
    {
        await PutAsync(1, 2, 3);
        await CollectAsync(keep: []);
        using ObjectCollection collection = _store.Begin(isDryRun: false);
        await PutAsync(1);
        Assert.True(await _store.TouchAsync(Ids.Of(2), Cancel));
        await PutAsync(4);

        SweepReport report = await collection.SweepAsync(_ => true, Pace.Full, Cancel);

        Assert.Equal(1, report.Deleted.Objects);
        Assert.Equal(0, report.Fossilised.Objects);
        Assert.Equal([1, 2, 4], await LeftAsync(1, 2, 3, 4));
    }

    [Fact]
    public async Task Fossils_are_known_again_after_a_restart_and_a_hit_is_durable()
    {
        await PutAsync(1, 2);
        await CollectAsync(keep: []);
        _store = Open();
        Assert.Equal(1UL, _store.Generation);
        Assert.True(await _store.TouchAsync(Ids.Of(1), Cancel));
        _store = Open();

        SweepReport report = await CollectAsync(keep: []);

        Assert.Equal((1, 1), (report.Deleted.Objects, report.Fossilised.Objects));
    }

    [Fact]
    public async Task Collection_that_is_given_up_deletes_nothing_and_is_done_again()
    {
        await PutAsync(1, 2);
        await CollectAsync(keep: []);
        using (ObjectCollection collection = _store.Begin(isDryRun: false)) collection.Mark(Ids.Of(1));
        Assert.Equal(1UL, _store.Generation);
        using (ObjectCollection collection = _store.Begin(isDryRun: false))
        {
            using var stop = new CancellationTokenSource();
            await stop.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => collection.SweepAsync(_ => true, new Pace(TimeProvider.System, 1), stop.Token));
        }

        Assert.Equal([1, 2], await LeftAsync(1, 2));
        Assert.Equal(2, (await CollectAsync(keep: [])).Deleted.Objects);
    }

    [Fact]
    public async Task Store_that_cannot_be_listed_to_its_end_loses_nothing()
    {
        await PutAsync(1, 2, 3, 4);
        await CollectAsync(keep: []);
        for (int listed = 0; listed < 4; listed++)
        {
            _inner.ListedMax = listed;
            await Assert.ThrowsAsync<StoreException>(() => CollectAsync(keep: []));
            Assert.Equal([1, 2, 3, 4], await LeftAsync(1, 2, 3, 4));
        }

        _inner.ListedMax = int.MaxValue;
        Assert.Equal(4, (await CollectAsync(keep: [])).Deleted.Objects);
    }

    [Fact]
    public async Task Deletion_that_fails_half_way_is_finished_by_the_next_collection()
    {
        await PutAsync(1, 2, 3, 4);
        await CollectAsync(keep: [4]);
        _inner.DeletedMax = 2;
        await Assert.ThrowsAsync<StoreException>(() => CollectAsync(keep: [4]));
        Assert.Equal(2, (await LeftAsync(1, 2, 3, 4)).Count);
        _inner.DeletedMax = int.MaxValue;

        await CollectAsync(keep: [4]);

        Assert.Equal([4], await LeftAsync(1, 2, 3, 4));
        Assert.Equal(0UL, _store.Generation);
    }

    [Fact]
    public async Task Dry_run_tells_the_same_and_changes_nothing()
    {
        await PutAsync(1, 2, 3);
        await CollectAsync(keep: [2, 3]);
        int rows = CountRows();
        SweepReport planned;
        using (ObjectCollection collection = _store.Begin(isDryRun: true))
        {
            collection.Mark(Ids.Of(3));
            planned = await collection.SweepAsync(_ => true, Pace.Full, Cancel);
        }

        Assert.Equal(rows, CountRows());
        Assert.Equal([1, 2, 3], await LeftAsync(1, 2, 3));
        Assert.Equal(planned, await CollectAsync(keep: [3]));
    }

    [Fact]
    public async Task Store_without_fossils_has_no_rows_to_look_into()
    {
        await PutAsync(1);
        await CollectAsync(keep: [1]);
        Assert.Equal(0UL, _store.Generation);
        Assert.Equal(1, CountRows()); // the last collection
    }

    /// <summary>Writers hit and put objects while collections run that keep nothing but what is written down: what a writer was told to be there is there.</summary>
    [Fact]
    public async Task Hits_and_deletions_race_and_no_hit_is_lost()
    {
        Seed seed = Seed.Take(5);
        const int objects = 40;
        var named = new int[objects]; // how many writers rely on each, as rows would
        using var stop = new CancellationTokenSource();
        Task[] writers = [.. Enumerable.Range(0, 4).Select(writer => Task.Run(() => WriteAsync(new Random(seed.Value + writer), named, stop.Token), Cancel))];
        int deleted = 0;
        var watch = Stopwatch.StartNew();

        // On a busy machine hundreds of collections go by before the first writer gets a processor.
        for (int round = 0; round < 300 || (deleted == 0 && watch.Elapsed < TimeSpan.FromMinutes(1)); round++)
        {
            using ObjectCollection collection = _store.Begin(isDryRun: false);
            for (int number = 0; number < objects; number++)
            {
                if (Volatile.Read(ref named[number]) > 0) collection.Mark(Ids.Of(number));
            }

            deleted += (int)(await collection.SweepAsync(_ => true, Pace.Full, Cancel)).Deleted.Objects;
            collection.Complete(new MetadataBatch(), DateTimeOffset.UnixEpoch);
        }

        await stop.CancelAsync();
        await Task.WhenAll(writers);
        Assert.True(deleted > 0, $"{seed}: nothing was ever deleted");
    }

    private async Task WriteAsync(Random random, int[] named, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            int number = random.Next(named.Length);

            // As an open file does, it names what it is about to hit, so that the next collection marks it; this one may have looked already.
            Interlocked.Increment(ref named[number]);
            if (!await _store.TouchAsync(Ids.Of(number), CancellationToken.None)) await _store.PutAsync(Ids.Of(number), new byte[10], CancellationToken.None);
            for (int look = 0; look < 3; look++)
            {
                Assert.True(await _store.HasAsync(Ids.Of(number), CancellationToken.None), $"object {number} was there when it was hit, and is gone");
                await Task.Yield();
            }

            Interlocked.Decrement(ref named[number]);
        }
    }

    private CollectingObjectStore Open() => new(_inner, _metadata, new SodiumEntropy());

    private async Task PutAsync(params int[] numbers)
    {
        foreach (int number in numbers) await _store.PutAsync(Ids.Of(number), new byte[10], Cancel);
    }

    private async Task<SweepReport> CollectAsync(int[] keep, bool isRipe = true)
    {
        using ObjectCollection collection = _store.Begin(isDryRun: false);
        foreach (int number in keep) collection.Mark(Ids.Of(number));
        SweepReport report = await collection.SweepAsync(_ => isRipe, Pace.Full, Cancel);
        collection.Complete(new MetadataBatch(), DateTimeOffset.UnixEpoch);
        return report;
    }

    private async Task<List<int>> LeftAsync(params int[] numbers)
    {
        var left = new List<int>();
        foreach (int number in numbers)
        {
            if (await _store.HasAsync(Ids.Of(number), Cancel)) left.Add(number);
        }

        return left;
    }

    private int CountRows()
    {
        using IMetadataCursor cursor = _metadata.Scan([], []);
        int count = 0;
        while (cursor.MoveNext()) count++;
        return count;
    }
}
