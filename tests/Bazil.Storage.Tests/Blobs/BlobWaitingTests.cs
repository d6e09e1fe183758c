using System.Buffers;
using Bazil.Core;
using Bazil.Storage.Blobs;
using Bazil.Storage.Cas;
using Bazil.Storage.Stores;
using static Bazil.Storage.Tests.Blobs.BlobFixture;

namespace Bazil.Storage.Tests.Blobs;

/// <summary>Blobs whose stored chunks come late, or not at all.</summary>
public sealed class BlobWaitingTests
{
    private static readonly TimeSpan _guard = TimeSpan.FromSeconds(60);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Read_that_hangs_holds_up_nobody_and_reads_what_was_there_when_it_began()
    {
        await using var fixture = new BlobFixture();
        byte[] content = Bytes(1, 5 * ChunkSize);
        await using Blob blob = fixture.Open(await SaveAsync(fixture, content));
        await blob.WriteAsync(0, content.AsMemory(0, ChunkSize), Cancel); // the way to the others is in memory now
        await blob.WriteAsync((2 * ChunkSize) + 5, content.AsMemory(0, 10), Cancel); // beside the tree
        content.AsSpan(0, 10).CopyTo(content.AsSpan((2 * ChunkSize) + 5));
        var hold = fixture.Store.Hold = new TaskCompletionSource();
        Task<byte[]> read = ReadAsync(blob, 100, 4 * ChunkSize);
        Assert.False(read.IsCompleted);

        byte[] newer = Bytes(2, ChunkSize);
        await blob.WriteAsync(100, newer.AsMemory(0, 1000), Cancel).AsTask().WaitAsync(_guard, Cancel);
        await blob.WriteAsync(3 * ChunkSize, newer, Cancel).AsTask().WaitAsync(_guard, Cancel);
        await blob.WriteAsync((2 * ChunkSize) + 8, newer.AsMemory(0, 10), Cancel).AsTask().WaitAsync(_guard, Cancel);
        Assert.Equal(newer, await ReadAsync(blob, 3 * ChunkSize, ChunkSize).WaitAsync(_guard, Cancel));
        Assert.Equal(newer[..10], await ReadAsync(blob, (2 * ChunkSize) + 8, 10).WaitAsync(_guard, Cancel));
        Assert.Equal(3UL * ChunkSize, await blob.SeekAsync(3 * ChunkSize, isData: true, Cancel).AsTask().WaitAsync(_guard, Cancel));
        await blob.DisposeAsync().AsTask().WaitAsync(_guard, Cancel);

        hold.SetResult();
        Assert.Equal(content[100..(100 + (4 * ChunkSize))], await read);
        Assert.Equal(0, fixture.Budget.OverlayBytes);
    }

    [Fact]
    public async Task Search_for_holes_that_hangs_holds_up_nobody()
    {
        await using var fixture = new BlobFixture();
        byte[] content = Bytes(1, 9 * ChunkSize);
        await using Blob blob = fixture.Open(await SaveAsync(fixture, content));
        await blob.WriteAsync(0, content.AsMemory(0, ChunkSize), Cancel); // fanout 4: the way to the first chunks is in memory now
        var hold = fixture.Store.Hold = new TaskCompletionSource();
        Task<ulong?> search = blob.SeekAsync(0, isData: false, Cancel).AsTask();
        Assert.False(search.IsCompleted);
        await blob.WriteAsync(2 * ChunkSize, new byte[ChunkSize], Cancel).AsTask().WaitAsync(_guard, Cancel);
        Assert.Equal(2UL * ChunkSize, await blob.SeekAsync(0, isData: false, Cancel).AsTask().WaitAsync(_guard, Cancel));
        await blob.TruncateAsync(0, Cancel).AsTask().WaitAsync(_guard, Cancel);
        hold.SetResult();
        await search; // some moment's
    }

    [Theory]
    [InlineData(true)] // the chunk is in memory as zeros until it is filled
    [InlineData(false)] // the same, and there was a hole
    public async Task Chunk_that_is_being_written_is_no_hole(bool isOverwritten)
    {
        await using var fixture = new BlobFixture();
        byte[] content = Bytes(1, 3 * ChunkSize), newer = Bytes(2, ChunkSize);
        if (!isOverwritten) content.AsSpan(ChunkSize, ChunkSize).Clear();
        await using Blob blob = fixture.Open(await SaveAsync(fixture, content));
        List<Task<ulong?>> searches = [];
        using var source = new WatchedMemory(newer, () =>
        {
            searches.Add(blob.SeekAsync(ChunkSize, isData: false, Cancel).AsTask());
            searches.Add(blob.SeekAsync(ChunkSize, isData: true, Cancel).AsTask());
            Assert.All(searches, static search => Assert.True(search.IsCompleted)); // at this moment: they ask no store
        });
        await blob.WriteAsync(ChunkSize, source.Lent, Cancel);
        Assert.Equal([3UL * ChunkSize, ChunkSize], await Task.WhenAll(searches));
        Assert.Equal(3UL * ChunkSize, await blob.SeekAsync(0, isData: false, Cancel));
        Assert.Equal(newer, await ReadAsync(blob, ChunkSize, ChunkSize));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Write_that_fails_half_way_says_how_far_it_came(bool isInterrupted)
    {
        await using var fixture = new BlobFixture();
        byte[] content = Bytes(1, 3 * ChunkSize), newer = Bytes(2, 2 * ChunkSize);
        await using Blob blob = fixture.Open(await SaveAsync(fixture, content));
        await blob.WriteAsync(0, content.AsMemory(0, ChunkSize), Cancel); // the way to the others is in memory now
        fixture.Store.Hold = new TaskCompletionSource();
        using var interrupt = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        Task<int> write = blob.WriteSomeAsync(ChunkSize - 100, newer.AsMemory(0, 2000), interrupt.Token).AsTask();
        Assert.False(write.IsCompleted);
        if (isInterrupted) await interrupt.CancelAsync();
        else fixture.Store.Hold.SetException(new StoreException("gone"));
        Assert.Equal(100, await write);
        newer.AsSpan(0, 100).CopyTo(content.AsSpan(ChunkSize - 100));

        // Nothing of it was made: so it fails.
        fixture.Store.Hold = null;
        fixture.Store.IsUnreachable = true;
        await Assert.ThrowsAnyAsync<StoreException>(async () => await blob.WriteSomeAsync(ChunkSize, newer.AsMemory(0, 2000), Cancel));
        await Assert.ThrowsAnyAsync<StoreException>(async () => await blob.WriteAsync(ChunkSize - 100, newer.AsMemory(0, 2000), Cancel));
        fixture.Store.IsUnreachable = false;
        Assert.Equal(content, await ReadAsync(blob, 0, content.Length));
        Assert.Equal(2000, await blob.WriteSomeAsync(ChunkSize - 100, newer.AsMemory(0, 2000), Cancel));
    }

    [Fact]
    public async Task What_does_not_fit_beside_a_chunk_that_has_gone_is_waited_for_before_the_change()
    {
        await using var fixture = new BlobFixture();
        await using Blob blob = fixture.Open(await SaveAsync(fixture, Bytes(1, 3 * ChunkSize)));
        await blob.WriteAsync(0, Bytes(1, ChunkSize), Cancel); // the way to the others is in memory now
        await blob.WriteAsync(ChunkSize + 10, new byte[10], Cancel);
        await foreach (ObjectId id in fixture.Memory.ListAsync(Cancel)) await fixture.Memory.DeleteAsync(id, Cancel);
        await blob.BringForWriteAsync(ChunkSize + 15, 10, Cancel);
        await Assert.ThrowsAsync<ChunkNotFoundException>(() => blob.BringForTruncateAsync(ChunkSize + 100, Cancel).AsTask());
        await Assert.ThrowsAsync<ChunkNotFoundException>(() => blob.BringForWriteAsync(ChunkSize + 10, 2000, Cancel).AsTask());
        for (ulong number = 0; number < 15; number++) await blob.WriteAsync(ChunkSize + 100 + (20 * number), new byte[5], Cancel);
        await blob.BringForWriteAsync(ChunkSize + 15, 10, Cancel);
        await Assert.ThrowsAsync<ChunkNotFoundException>(() => blob.BringForWriteAsync(ChunkSize + 3000, 10, Cancel).AsTask());
    }

    [Fact]
    public async Task Tiny_writes_beside_chunks_count_what_they_take()
    {
        await using var fixture = new BlobFixture(budgetBytes: 4 * 1024 * 1024);
        await using Blob blob = fixture.Open(await SaveAsync(fixture, Bytes(1, 400 * ChunkSize)));
        for (ulong chunk = 0; chunk < 399; chunk++) await blob.WriteAsync(chunk * ChunkSize, new byte[1], Cancel);
        Assert.InRange(fixture.Budget.OverlayBytes, 399 * 64, fixture.Budget.OverlayBytesMax);
        await blob.SaveAsync(Cancel);
        Assert.Equal(0, fixture.Budget.OverlayBytes);
    }

    [Fact]
    public async Task What_a_content_takes_is_not_waited_for()
    {
        await using var fixture = new BlobFixture();
        await using Blob blob = fixture.Open(await SaveAsync(fixture, Bytes(1, 9 * ChunkSize)));
        Assert.Equal(9UL * ChunkSize, await blob.MeasureAsync(100, Cancel));
        await foreach (ObjectId id in fixture.Memory.ListAsync(Cancel)) await fixture.Memory.DeleteAsync(id, Cancel);
        fixture.Store.Hold = new TaskCompletionSource();
        StoreException away = await Assert.ThrowsAsync<StoreException>(() => blob.MeasureAsync(100, Cancel).AsTask().WaitAsync(_guard, Cancel));
        Assert.True(away.IsUnreachable);
    }

    private static async Task<Manifest> SaveAsync(BlobFixture fixture, byte[] content)
    {
        await using Blob written = fixture.Create(fanout: content.Length > 100 * ChunkSize ? Manifest.DefaultFanout : (ushort)4);
        await written.WriteAsync(0, content, Cancel);
        return await written.SaveAsync(Cancel);
    }

    /// <summary>What a writer lends, and tells of the moment at which it is copied: the chunk is pinned then, and not filled yet.</summary>
    private sealed class WatchedMemory(byte[] bytes, Action copying) : MemoryManager<byte>
    {
        public ReadOnlyMemory<byte> Lent => CreateMemory(bytes.Length);

        public override Span<byte> GetSpan()
        {
            copying();
            return bytes;
        }

        public override MemoryHandle Pin(int elementIndex = 0) => throw new NotSupportedException();

        public override void Unpin() => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
        }
    }
}
