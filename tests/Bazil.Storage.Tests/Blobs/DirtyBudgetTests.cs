using Bazil.Storage.Blobs;
using Bazil.Storage.Cas;
using Bazil.Storage.Stores;
using static Bazil.Storage.Tests.Blobs.BlobFixture;

namespace Bazil.Storage.Tests.Blobs;

public sealed class DirtyBudgetTests
{
    private const long Mebibyte = 1 << 20;

    [Fact]
    public async Task Stream_of_1_GiB_runs_in_2_MiB()
    {
        await using var fixture = new BlobFixture(budgetBytes: 2 * Mebibyte);
        await using Blob blob = fixture.Create(chunkSizeBytes: Manifest.DefaultChunkSizeBytes);
        byte[] piece = Bytes(1, 1 << 20);
        for (ulong index = 0; index < 1024; index++) await blob.WriteAsync(index << 20, piece, default);
        Manifest manifest = await blob.SaveAsync(default);
        Assert.Equal(1UL << 30, manifest.SizeBytes);
        Assert.InRange(fixture.Budget.PeakBytes, Mebibyte, 2 * Mebibyte);
        Assert.Equal(8 + 1 + 1, fixture.Memory.Count); // the pieces are equal: 8 data chunks, 64 times one pointer chunk, the root
        await using Blob reopened = fixture.Open(manifest);
        Assert.Equal(piece, await ReadAsync(reopened, 777UL << 20, 1 << 20));
    }

    [Fact]
    public async Task Scattered_writes_into_one_large_file_stay_within_the_budget()
    {
        const long Budget = 40 * ChunkSize;
        await using var fixture = new BlobFixture(budgetBytes: Budget);
        await using Blob blob = fixture.Create(fanout: 8);
        var random = new Random(5);
        var written = new Dictionary<ulong, byte>();
        for (int step = 0; step < 2000; step++)
        {
            ulong offset = (ulong)random.NextInt64(1L << 40);
            byte value = (byte)random.Next(1, 256);
            await blob.WriteAsync(offset, new[] { value }, default);
            written[offset] = value;
        }

        Assert.InRange(fixture.Budget.PeakBytes, 1, Budget);
        await using Blob reopened = fixture.Open(await blob.SaveAsync(default));
        foreach ((ulong offset, byte value) in written) Assert.Equal([value], await ReadAsync(reopened, offset, 1));
    }

    [Fact]
    public async Task Idle_files_make_room_for_a_writer()
    {
        const long Budget = 64 * ChunkSize;
        await using var fixture = new BlobFixture(budgetBytes: Budget);
        Blob[] blobs = [.. Enumerable.Range(0, 200).Select(_ => fixture.Create(fanout: 2))];
        for (int index = 0; index < blobs.Length; index++) await blobs[index].WriteAsync(0, Bytes(index, 5000), default);
        Assert.InRange(fixture.Budget.PeakBytes, 1, Budget);
        for (int index = 0; index < blobs.Length; index++)
        {
            Assert.Equal(Bytes(index, 5000), await ReadAsync(blobs[index], 0, 5000));
            Assert.True(blobs[index].IsDirty);
            await blobs[index].DisposeAsync();
        }

        Assert.Equal(0, fixture.Budget.UsedBytes);
    }

    [Fact]
    public async Task Many_writers_at_once_share_a_small_budget()
    {
        const long Budget = 48 * ChunkSize;
        await using var fixture = new BlobFixture(budgetBytes: Budget);
        await Parallel.ForAsync(0, 16, async (worker, cancel) =>
        {
            await using Blob blob = fixture.Create(fanout: 2);
            byte[] content = Bytes(worker, 100 * ChunkSize);
            var random = new Random(worker);
            for (int offset = 0; offset < content.Length;)
            {
                int count = Math.Min(content.Length - offset, random.Next(1, 3 * ChunkSize));
                await blob.WriteAsync((ulong)offset, content.AsMemory(offset, count), cancel);
                offset += count;
            }

            await using Blob reopened = fixture.Open(await blob.SaveAsync(cancel));
            byte[] read = await ReadAsync(reopened, 0, content.Length);
            Assert.True(content.AsSpan().SequenceEqual(read));
        });
        Assert.InRange(fixture.Budget.PeakBytes, 1, Budget);
        Assert.Equal(0, fixture.Budget.UsedBytes);
    }

    [Fact]
    public async Task Writer_waits_while_the_store_is_slow_and_can_be_cancelled()
    {
        await using var fixture = new BlobFixture(budgetBytes: 64 * ChunkSize);
        Blob blob = fixture.Create(fanout: 2);
        var hold = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        fixture.Store.HoldPuts = hold;
        using var cancel = new CancellationTokenSource();
        byte[] content = Bytes(1, 200 * ChunkSize);
        Task waiting = blob.WriteAsync(0, content, cancel.Token).AsTask();
        while (fixture.Store.PutCount < 4) await Task.Yield();
        Assert.False(waiting.IsCompleted);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        hold.SetResult();
        fixture.Store.HoldPuts = null;
        await blob.WriteAsync(0, content, default);
        await using Blob reopened = fixture.Open(await blob.SaveAsync(default));
        Assert.Equal(content, await ReadAsync(reopened, 0, content.Length));
        await blob.DisposeAsync();
        Assert.Equal(0, fixture.Budget.UsedBytes);
    }

    [Fact]
    public async Task Read_does_not_wait_for_a_chunk_that_is_being_stored()
    {
        await using var fixture = new BlobFixture();
        Blob blob = fixture.Create();
        var hold = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        fixture.Store.HoldPuts = hold;
        byte[] content = Bytes(1, ChunkSize);
        await blob.WriteAsync(0, content, default);
        while (fixture.Store.PutCount < 1) await Task.Yield();
        Assert.Equal(content, await ReadAsync(blob, 0, ChunkSize));
        Task<Manifest> save = blob.SaveAsync(default).AsTask();
        Assert.Equal(content, await ReadAsync(blob, 0, ChunkSize));
        Assert.False(save.IsCompleted);
        hold.SetResult();
        Assert.Equal(ChunkHash.KeyOf(ChunkType.File, 0, content), (await save).Root);
        await blob.DisposeAsync();
    }

    [Fact]
    public async Task Full_disk_fails_the_save_and_nothing_is_lost()
    {
        await using var fixture = new BlobFixture();
        await using Blob blob = fixture.Create(fanout: 2);
        byte[] content = Bytes(1, (9 * ChunkSize) + 7);
        fixture.Store.IsFull = true;
        await blob.WriteAsync(0, content, default);
        StoreException failure = await Assert.ThrowsAsync<StoreException>(async () => await blob.SaveAsync(default));
        Assert.True(failure.IsDiskFull);
        Assert.True(blob.IsDirty);
        Assert.Equal(content, await ReadAsync(blob, 0, content.Length));
        await Assert.ThrowsAsync<StoreException>(async () => await blob.SaveAsync(default));

        fixture.Store.IsFull = false;
        await using Blob reopened = fixture.Open(await blob.SaveAsync(default));
        Assert.False(blob.IsDirty);
        Assert.Equal(content, await ReadAsync(reopened, 0, content.Length));
    }

    [Fact]
    public async Task Failure_in_the_background_is_reported_by_a_write_once_and_then_tried_again()
    {
        await using var fixture = new BlobFixture(budgetBytes: 64 * ChunkSize);
        await using Blob blob = fixture.Create(fanout: 2);
        fixture.Store.IsFull = true;
        byte[] content = Bytes(1, 200 * ChunkSize);
        int written = 0;
        StoreException? failure = null;
        while (failure is null)
        {
            try
            {
                await blob.WriteAsync((ulong)written, content.AsMemory(written, ChunkSize), default);
                written += ChunkSize;
            }
            catch (StoreException exception)
            {
                failure = exception;
            }
        }

        Assert.True(failure.IsDiskFull);
        Assert.InRange(written, 0, 64 * ChunkSize);
        Assert.Equal(content[..written], await ReadAsync(blob, 0, content.Length));

        fixture.Store.IsFull = false;
        while (written < content.Length)
        {
            try
            {
                await blob.WriteAsync((ulong)written, content.AsMemory(written, ChunkSize), default);
                written += ChunkSize;
            }
            catch (StoreException exception) when (exception.IsDiskFull)
            {
                // A chunk that failed before there was room again.
            }
        }

        await using Blob reopened = fixture.Open(await blob.SaveAsync(default));
        Assert.Equal(content, await ReadAsync(reopened, 0, content.Length));
    }

    [Fact]
    public async Task Concurrent_readers_and_a_writer_see_whole_writes()
    {
        await using var fixture = new BlobFixture(budgetBytes: 32 * ChunkSize);
        await using Blob blob = fixture.Create(fanout: 4);
        const int Size = 20 * ChunkSize;
        await blob.WriteAsync(0, new byte[Size], default);
        using var stop = new CancellationTokenSource();
        Task[] readers = [.. Enumerable.Range(0, 4).Select(reader => Task.Run(async () =>
        {
            var random = new Random(reader);
            while (!stop.IsCancellationRequested)
            {
                int offset = random.Next(Size), count = random.Next(1, Size - offset + 1);
                byte[] read = await ReadAsync(blob, (ulong)offset, count);
                Assert.Equal(count, read.Length);
                Assert.False(read.AsSpan().ContainsAnyExcept(read[0]), "a read saw part of a write");
                await Task.Yield();
            }
        }))];
        for (int value = 1; value <= 150; value++)
        {
            await blob.WriteAsync(0, Enumerable.Repeat((byte)value, Size).ToArray(), default);
            if (value % 10 == 0) await blob.SaveAsync(default);
        }

        await stop.CancelAsync();
        await Task.WhenAll(readers);
        await using Blob reopened = fixture.Open(await blob.SaveAsync(default));
        Assert.Equal(Enumerable.Repeat((byte)150, Size), await ReadAsync(reopened, 0, Size));
    }
}
