using System.Text;
using Bazil.Core;
using Bazil.Storage.Blobs;
using Bazil.Storage.Cas;
using Bazil.Storage.Stores;
using Bazil.Testing;
using static Bazil.Storage.Tests.Blobs.BlobFixture;

namespace Bazil.Storage.Tests.Blobs;

public sealed class BlobTests
{
    private const ulong Tebibyte = 1UL << 40;

    [Fact]
    public async Task Empty_blob_reads_nothing_and_saves_to_the_zero_root()
    {
        await using var fixture = new BlobFixture();
        await using Blob blob = fixture.Create();
        Assert.Empty(await ReadAsync(blob, 0, 10));
        Assert.False(blob.IsDirty);
        Manifest manifest = await blob.SaveAsync(default);
        Assert.Equal((true, 0UL), (manifest.Root.IsZero, manifest.SizeBytes));
        Assert.Equal(0, fixture.Store.GetCount + fixture.Store.PutCount);
    }

    [Fact]
    public async Task Single_zero_byte_has_size_one_and_the_zero_root()
    {
        await using var fixture = new BlobFixture();
        await using Blob blob = fixture.Create();
        await blob.WriteAsync(0, new byte[1], default);
        Assert.True(blob.IsDirty);
        Manifest manifest = await blob.SaveAsync(default);
        Assert.Equal((true, 1UL), (manifest.Root.IsZero, manifest.SizeBytes));
        Assert.Equal(0, fixture.Memory.Count);
    }

    [Fact]
    public async Task Root_of_small_content_is_its_chunk_key()
    {
        await using var fixture = new BlobFixture();
        await using Blob blob = fixture.Create();
        await blob.WriteAsync(0, "hello, world\n"u8.ToArray(), default);
        Assert.Equal("310f4e5b0138c3ac8f8387c97c632ab733ca2a68d9d8751eb87db84679ca8b33", (await blob.SaveAsync(default)).Root.ToString());
    }

    /// <summary>Computed with Python's hashlib from docs/crypto.md: the level-1 chunk is key 0 ‖ key 1.</summary>
    [Fact]
    public async Task Root_of_two_chunks_is_frozen()
    {
        await using var fixture = new BlobFixture();
        await using Blob blob = fixture.Create();
        await blob.WriteAsync(0, Encoding.ASCII.GetBytes(new string('x', 4096) + new string('y', 4096)), default);
        Assert.Equal("0c36c398f892799f00345268fdf2843f5562da38c6e44446199390d9e0f5c3e7", (await blob.SaveAsync(default)).Root.ToString());
    }

    /// <summary>Fanout 4, chunks 0 (<c>a</c>) and 14 (<c>z</c>): zero keys between, trailing zeros trimmed at every level.</summary>
    [Fact]
    public async Task Root_of_a_sparse_tree_is_frozen()
    {
        await using var fixture = new BlobFixture();
        await using Blob blob = fixture.Create(fanout: 4);
        await blob.WriteAsync(14 * ChunkSize, "z"u8.ToArray(), default);
        await blob.WriteAsync(0, "a"u8.ToArray(), default);
        Manifest manifest = await blob.SaveAsync(default);
        Assert.Equal("2817139d3e25604954f3c393e0814a3a0513319163da084f483ff97dda085009", manifest.Root.ToString());
        Assert.Equal(5, fixture.Memory.Count);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 0)]
    [InlineData(4096, 0)]
    [InlineData(4097, 1)]
    [InlineData(4096 * 3, 1)]
    [InlineData((4096 * 3) + 1, 2)]
    [InlineData(4096 * 9, 2)]
    [InlineData((4096 * 9) + 1, 3)]
    public void Depth_is_a_function_of_size(ulong sizeBytes, int depth) => Assert.Equal(depth, new BlobLayout(4096, 3).Depth(sizeBytes));

    [Fact]
    public async Task Truncating_to_a_multiple_of_the_chunk_size_keeps_the_last_chunk()
    {
        await using var fixture = new BlobFixture();
        foreach (bool isSaved in (bool[])[false, true])
        {
            byte[] content = Bytes(1, 10 * ChunkSize);
            Blob blob = fixture.Create(fanout: 4);
            await blob.WriteAsync(0, content, default);
            if (isSaved) blob = fixture.Open(await blob.SaveAsync(default));
            foreach (int chunks in (int[])[8, 4, 1])
            {
                await blob.TruncateAsync((ulong)(chunks * ChunkSize), default);
                Assert.Equal(content[..(chunks * ChunkSize)], await ReadAsync(blob, 0, content.Length));
                await using Blob reopened = fixture.Open(await blob.SaveAsync(default));
                Assert.Equal(content[..(chunks * ChunkSize)], await ReadAsync(reopened, 0, content.Length));
            }

            await blob.DisposeAsync();
        }
    }

    [Fact]
    public async Task Growing_after_a_cut_reads_zeros()
    {
        await using var fixture = new BlobFixture();
        await using Blob blob = fixture.Create(fanout: 2);
        byte[] content = Bytes(1, 5 * ChunkSize);
        foreach (int size in (int[])[1, 100, ChunkSize - 1, ChunkSize, ChunkSize + 1, 3 * ChunkSize, (4 * ChunkSize) + 1])
        {
            await blob.WriteAsync(0, content, default);
            await blob.TruncateAsync((ulong)size, default);
            await blob.TruncateAsync(5 * ChunkSize, default);
            byte[] expected = [.. content[..size], .. new byte[content.Length - size]];
            Assert.Equal(expected, await ReadAsync(blob, 0, content.Length));
            await using Blob reopened = fixture.Open(await blob.SaveAsync(default));
            Assert.Equal(expected, await ReadAsync(reopened, 0, content.Length));
        }
    }

    [Fact]
    public async Task Sparse_file_of_16_TiB_costs_nothing_but_what_was_written()
    {
        await using var fixture = new BlobFixture();
        await using Blob blob = fixture.Create(chunkSizeBytes: Manifest.DefaultChunkSizeBytes);
        await blob.WriteAsync(0, "start"u8.ToArray(), default);
        await blob.WriteAsync((16 * Tebibyte) - 3, "end"u8.ToArray(), default);
        await blob.WriteAsync((5 * Tebibyte) + 12345, "middle"u8.ToArray(), default);
        Manifest manifest = await blob.SaveAsync(default);
        Assert.Equal(16 * Tebibyte, manifest.SizeBytes);
        Assert.InRange(fixture.Memory.Count, 3, 3 + (3 * 5));

        await using Blob reopened = fixture.Open(manifest);
        Assert.Equal("start\0"u8.ToArray(), await ReadAsync(reopened, 0, 6));
        Assert.Equal("\0end"u8.ToArray(), await ReadAsync(reopened, (16 * Tebibyte) - 4, 10));
        Assert.Equal("\0middle\0"u8.ToArray(), await ReadAsync(reopened, (5 * Tebibyte) + 12344, 8));
        Assert.Equal(new byte[100], await ReadAsync(reopened, 9 * Tebibyte, 100));
        await reopened.TruncateAsync(5, default);
        Manifest cut = await reopened.SaveAsync(default);
        Assert.Equal(ChunkHash.KeyOf(ChunkType.File, 0, "start"u8), cut.Root);
    }

    [Fact]
    public async Task Truncating_to_the_largest_size_and_back_leaves_nothing()
    {
        await using var fixture = new BlobFixture();
        await using Blob blob = fixture.Create(fanout: 2);
        await blob.TruncateAsync(BlobLimits.SizeBytesMax, default);
        await blob.WriteAsync(BlobLimits.SizeBytesMax - 1, new byte[] { 1 }, default);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await blob.WriteAsync(BlobLimits.SizeBytesMax, new byte[] { 1 }, default));
        Assert.Equal([0, 1], await ReadAsync(blob, BlobLimits.SizeBytesMax - 2, 10));
        await blob.TruncateAsync(0, default);
        Assert.True((await blob.SaveAsync(default)).Root.IsZero);
    }

    [Fact]
    public async Task Saving_again_without_changes_stores_nothing_and_gives_the_same_manifest()
    {
        await using var fixture = new BlobFixture();
        await using Blob blob = fixture.Create(fanout: 4);
        await blob.WriteAsync(0, Bytes(1, 9 * ChunkSize), default);
        Manifest first = await blob.SaveAsync(default);
        int puts = fixture.Store.PutCount;
        for (int time = 0; time < 3; time++) Assert.Equal(first, await blob.SaveAsync(default));
        Assert.Equal(puts, fixture.Store.PutCount);
        Assert.False(blob.IsDirty);
    }

    [Fact]
    public async Task Small_append_after_a_save_does_not_fetch_the_chunk_again()
    {
        await using var fixture = new BlobFixture();
        await using Blob blob = fixture.Create(fanout: 4);
        await blob.WriteAsync(0, Bytes(1, (5 * ChunkSize) + 10), default);
        for (uint append = 0; append < 5; append++)
        {
            await blob.SaveAsync(default);
            await blob.WriteAsync((5 * ChunkSize) + 10 + append, new byte[] { 7 }, default);
        }

        Assert.Equal(0, fixture.Store.GetCount);
    }

    [Fact]
    public async Task Small_writes_to_a_stored_chunk_fetch_it_once_when_they_are_saved()
    {
        await using var fixture = new BlobFixture();
        byte[] content = Bytes(1, 3 * ChunkSize);
        Manifest manifest;
        await using (Blob written = fixture.Create())
        {
            await written.WriteAsync(0, content, default);
            manifest = await written.SaveAsync(default);
        }

        await using Blob blob = fixture.Open(manifest);
        await ReadAsync(blob, 0, 1);
        int gets = fixture.Store.GetCount, puts = fixture.Store.PutCount;
        foreach (int offset in (int[])[ChunkSize + 100, ChunkSize + 300, ChunkSize + 190])
        {
            byte[] data = Bytes(offset, 120);
            await blob.WriteAsync((ulong)offset, data, default);
            data.CopyTo(content, offset);
            Assert.Equal(content[offset..(offset + 120)], await ReadAsync(blob, (ulong)offset, 120));
        }

        Assert.True(blob.IsDirty);
        Assert.InRange(fixture.Budget.OverlayBytes, 320, 320 + ChunkOverlay.CostBytesMax);
        Assert.Equal((gets, puts), (fixture.Store.GetCount - 1, fixture.Store.PutCount)); // the pointers above it
        Assert.Equal(content, await ReadAsync(blob, 0, content.Length));
        gets = fixture.Store.GetCount;
        await using Blob again = fixture.Open(await blob.SaveAsync(default));
        Assert.Equal((1, 2, 0), (fixture.Store.GetCount - gets - 1, fixture.Store.PutCount - puts, (int)fixture.Budget.OverlayBytes));
        Assert.Equal(content, await ReadAsync(again, 0, content.Length));
    }

    [Fact]
    public async Task Small_write_to_a_chunk_that_is_not_here_says_so_at_once()
    {
        await using var fixture = new BlobFixture();
        await using Blob written = fixture.Create();
        await written.WriteAsync(0, Bytes(1, 3 * ChunkSize), default);
        Manifest manifest = await written.SaveAsync(default);
        await using Blob blob = fixture.Open(manifest);
        await ReadAsync(blob, 0, 1);
        await foreach (ObjectId id in fixture.Memory.ListAsync(default)) await fixture.Memory.DeleteAsync(id, default);
        await Assert.ThrowsAnyAsync<StoreException>(async () => await blob.WriteAsync(ChunkSize + 1, new byte[9], default));
        Assert.Equal(0, fixture.Budget.OverlayBytes);
    }

    [Fact]
    public async Task Read_of_data_in_memory_completes_at_once()
    {
        await using var fixture = new BlobFixture(cacheBytes: 100 * ChunkSize);
        await using Blob blob = fixture.Create(fanout: 4);
        byte[] content = Bytes(1, (5 * ChunkSize) + 10);
        await blob.WriteAsync(0, content, default);
        byte[] buffer = new byte[content.Length];
        ValueTask<int> dirty = blob.ReadAsync(0, buffer, default);
        Assert.True(dirty.IsCompletedSuccessfully);
        Assert.Equal(content.Length, await dirty);

        await using Blob reopened = fixture.Open(await blob.SaveAsync(default));
        await ReadAsync(reopened, 0, content.Length);
        fixture.Store.IsUnreachable = true;
        ValueTask<int> cached = reopened.ReadAsync(0, buffer, default);
        Assert.True(cached.IsCompletedSuccessfully);
        Assert.Equal(content.Length, await cached);
        Assert.Equal(content, buffer);
    }

    [Fact]
    public async Task Chunks_of_one_read_are_fetched_concurrently()
    {
        await using var fixture = new BlobFixture(cacheBytes: ChunkSize); // holds the pointers, no data
        await using Blob blob = fixture.Create();
        byte[] content = Bytes(1, 8 * ChunkSize);
        await blob.WriteAsync(0, content, default);
        await using Blob reopened = fixture.Open(await blob.SaveAsync(default));
        var hold = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        fixture.Store.Hold = hold;
        Task<byte[]> read = ReadAsync(reopened, 0, content.Length);
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (fixture.Store.GetCount < 8)
        {
            timeout.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        hold.SetResult();
        Assert.Equal(content, await read);
    }

    [Fact]
    public async Task Sequential_reader_finds_the_next_chunks_in_memory()
    {
        await using var fixture = new BlobFixture(cacheBytes: 1000 * ChunkSize, readAheadBytes: 4 * ChunkSize);
        await using Blob blob = fixture.Create();
        byte[] content = Bytes(1, 200 * ChunkSize);
        await blob.WriteAsync(0, content, default);
        await using Blob reopened = fixture.Open(await blob.SaveAsync(default));
        for (int chunk = 0; chunk < 200; chunk++)
        {
            Assert.Equal(content.AsSpan(chunk * ChunkSize, ChunkSize).ToArray(), await ReadAsync(reopened, (ulong)(chunk * ChunkSize), ChunkSize));
        }

        await reopened.DisposeAsync();
        Assert.InRange(fixture.Store.GetCount, 200, 202); // each data chunk once, whoever fetched it, and the pointers
    }

    [Fact]
    public async Task A_sequential_reader_has_the_next_chunks_fetched_though_another_one_reads_elsewhere()
    {
        await using var fixture = new BlobFixture(cacheBytes: 1000 * ChunkSize, readAheadBytes: 4 * ChunkSize);
        await using Blob blob = fixture.Create();
        await blob.WriteAsync(0, Bytes(1, 200 * ChunkSize), default);
        await using Blob reopened = fixture.Open(await blob.SaveAsync(default));
        object first = new(), second = new();
        byte[] buffer = new byte[ChunkSize];
        for (ulong chunk = 0; chunk < 2; chunk++)
        {
            await reopened.ReadAsync(chunk * ChunkSize, buffer, first, default);
            await reopened.ReadAsync(180 * ChunkSize, buffer, second, default);
        }

        using var timeout = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (fixture.Store.GetCount < 3 + 4)
        {
            timeout.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        reopened.Leave(second);
        reopened.Leave(first);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(20)]
    [InlineData(60)]
    public async Task Many_sequential_readers_together_fetch_nothing_twice(int readers)
    {
        // Their windows of 16 chunks would be more than the cache; some read five times as fast as others, whose chunks wait longer.
        const int Chunks = 60;
        await using var fixture = new BlobFixture(cacheBytes: 300 * ChunkSize, readAheadBytes: 16 * ChunkSize, clock: new ManualTime());
        var blobs = new List<Blob>();
        for (int number = 0; number < readers; number++)
        {
            await using Blob blob = fixture.Create();
            await blob.WriteAsync(0, Bytes(number, Chunks * ChunkSize), default);
            blobs.Add(fixture.Open(await blob.SaveAsync(default)));
        }

        int before = fixture.Store.GetCount;
        int[] read = new int[readers];
        while (read.Any(static chunks => chunks < Chunks))
        {
            for (int number = 0; number < readers; number++)
            {
                for (int speed = 1 + (number % 5); speed > 0 && read[number] < Chunks; speed--, read[number]++)
                {
                    byte[] part = await ReadAsync(blobs[number], (ulong)(read[number] * ChunkSize), ChunkSize);
                    if (read[number] == 0) Assert.Equal(Bytes(number, ChunkSize), part);
                }
            }
        }

        foreach (Blob blob in blobs) await blob.DisposeAsync();
        Assert.InRange(fixture.Store.GetCount - before, readers * Chunks, readers * (Chunks + 1)); // and the pointers, which may be in memory still
    }

    [Fact]
    public async Task Bytes_behind_the_end_in_a_foreign_chunk_never_appear()
    {
        await using var fixture = new BlobFixture();
        await using Blob blob = fixture.Create();
        await blob.WriteAsync(0, Bytes(1, 100), default);
        Manifest forged = (await blob.SaveAsync(default)) with { SizeBytes = 10 };
        await using Blob opened = fixture.Open(forged);
        await opened.WriteAsync(0, new byte[] { 9 }, default);
        await opened.TruncateAsync(100, default);
        Assert.Equal([9, .. Bytes(1, 100)[1..10], .. new byte[90]], await ReadAsync(opened, 0, 200));
    }

    [Fact]
    public async Task Manifest_out_of_bounds_is_refused()
    {
        await using var fixture = new BlobFixture();
        foreach (Manifest manifest in (Manifest[])[
            Manifest.Empty(2048), Manifest.Empty(8 << 20), Manifest.Empty(5000),
            Manifest.Empty() with { Fanout = 1 }, Manifest.Empty() with { Fanout = 2000 },
            Manifest.Empty() with { SizeBytes = 1UL << 63 }, default])
        {
            Assert.False(BlobLimits.Accepts(manifest));
            Assert.Throws<ArgumentException>(() => fixture.Open(manifest));
        }
    }

    [Fact]
    public async Task Disposed_blob_drops_its_changes_and_refuses_work()
    {
        await using var fixture = new BlobFixture();
        Blob blob = fixture.Create();
        await blob.WriteAsync(0, Bytes(1, 3 * ChunkSize / 2), default);
        await blob.DisposeAsync();
        await blob.DisposeAsync();
        Assert.Equal(0, fixture.Budget.UsedBytes);
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await blob.ReadAsync(0, new byte[1], default));
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await blob.WriteAsync(0, new byte[1], default));
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await blob.SaveAsync(default));
    }

    [Fact]
    public async Task Failed_fetch_leaves_the_blob_as_it_was()
    {
        await using var fixture = new BlobFixture();
        await using Blob blob = fixture.Create(fanout: 2);
        byte[] content = Bytes(1, 6 * ChunkSize);
        await blob.WriteAsync(0, content, default);
        await using Blob reopened = fixture.Open(await blob.SaveAsync(default));
        fixture.Store.IsUnreachable = true;
        await Assert.ThrowsAsync<StoreException>(() => ReadAsync(reopened, 0, content.Length));
        await Assert.ThrowsAsync<StoreException>(async () => await reopened.WriteAsync(5, new byte[] { 1 }, default));
        await Assert.ThrowsAsync<StoreException>(async () => await reopened.TruncateAsync(5000, default));
        fixture.Store.IsUnreachable = false;
        Assert.False(reopened.IsDirty);
        Assert.Equal(content, await ReadAsync(reopened, 0, content.Length + 1));
    }
}
