using System.Buffers;
using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.Storage.Cas;
using Bazil.Storage.Stores;
using Bazil.Storage.Tests.Stores;

namespace Bazil.Storage.Tests.Cas;

public sealed class CachingChunkStoreTests : IDisposable
{
    private readonly SharingKey _sharingKey = new(new byte[32]);
    private readonly FaultyObjectStore _store = new(new MemoryObjectStore("memory"));

    public void Dispose() => _sharingKey.Dispose();

    [Fact]
    public async Task Second_read_is_answered_from_memory()
    {
        CachingChunkStore chunks = Create(100_000, out ChunkCache cache);
        ChunkKey key = await PutAsync(chunks, 1);
        Assert.Equal(Content(1), await ReadAsync(chunks, key));
        Assert.Equal(Content(1), await ReadAsync(chunks, key));
        Assert.Equal(1, _store.GetCount);
        Assert.True(chunks.IsCached(ChunkType.File, 0, key, 4096));
        Assert.InRange(cache.UsedBytes, 1000, 1300);
    }

    [Fact]
    public async Task Least_recently_used_chunk_goes_first_and_the_bound_holds()
    {
        CachingChunkStore chunks = Create(4000, out ChunkCache cache);
        ChunkKey[] keys = [await PutAsync(chunks, 1), await PutAsync(chunks, 2), await PutAsync(chunks, 3), await PutAsync(chunks, 4)];
        foreach (int index in (int[])[0, 1, 2, 0, 3])
        {
            await ReadAsync(chunks, keys[index]);
            Assert.InRange(cache.UsedBytes, 0, 4000);
        }

        Assert.Equal([true, false, true, true], keys.Select(key => chunks.IsCached(ChunkType.File, 0, key, 4096)));
    }

    [Fact]
    public async Task Buffer_in_use_stays_whole_when_its_entry_is_evicted_and_is_wiped_afterwards()
    {
        CachingChunkStore chunks = Create(1500, out _);
        ChunkKey first = await PutAsync(chunks, 1);
        IMemoryOwner<byte> held = await chunks.GetAsync(ChunkType.File, 0, first, 4096, default);
        Memory<byte> memory = held.Memory;
        await ReadAsync(chunks, await PutAsync(chunks, 2));
        Assert.False(chunks.IsCached(ChunkType.File, 0, first, 4096));
        Assert.Equal(Content(1), memory.ToArray());
        held.Dispose();
        Assert.False(memory.Span.SequenceEqual(Content(1)));
        Assert.Throws<ObjectDisposedException>(() => held.Memory);
    }

    [Fact]
    public async Task Readers_of_one_missing_chunk_share_one_fetch()
    {
        CachingChunkStore chunks = Create(100_000, out _);
        ChunkKey key = await PutAsync(chunks, 1);
        _store.Hold = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<byte[]>[] reads = [.. Enumerable.Range(0, 5).Select(_ => ReadAsync(chunks, key))];
        _store.Hold.SetResult();
        foreach (byte[] read in await Task.WhenAll(reads)) Assert.Equal(Content(1), read);
        Assert.Equal(1, _store.GetCount);
    }

    [Fact]
    public async Task Reader_who_gives_up_does_not_disturb_the_others()
    {
        CachingChunkStore chunks = Create(100_000, out _);
        ChunkKey key = await PutAsync(chunks, 1);
        _store.Hold = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var cancel = new CancellationTokenSource();
        Task<byte[]> impatient = ReadAsync(chunks, key, cancel.Token);
        Task<byte[]> patient = ReadAsync(chunks, key);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => impatient);
        _store.Hold.SetResult();
        Assert.Equal(Content(1), await patient);
    }

    [Fact]
    public async Task Fetch_ends_with_its_last_reader_and_can_begin_again()
    {
        CachingChunkStore chunks = Create(100_000, out _);
        ChunkKey key = await PutAsync(chunks, 1);
        _store.Hold = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var cancel = new CancellationTokenSource();
        Task<byte[]> only = ReadAsync(chunks, key, cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => only);
        _store.Hold = null;
        Assert.Equal(Content(1), await ReadAsync(chunks, key));
        Assert.Equal(2, _store.GetCount);
    }

    [Fact]
    public async Task Failure_reaches_every_reader_and_is_not_remembered()
    {
        CachingChunkStore chunks = Create(100_000, out _);
        ChunkKey key = await PutAsync(chunks, 1);
        _store.IsUnreachable = true;
        await Assert.ThrowsAsync<StoreException>(() => ReadAsync(chunks, key));
        _store.IsUnreachable = false;
        Assert.Equal(Content(1), await ReadAsync(chunks, key));
    }

    [Fact]
    public async Task Stores_that_share_a_cache_do_not_see_each_others_chunks()
    {
        CachingChunkStore chunks = Create(100_000, out ChunkCache cache);
        ChunkKey key = await PutAsync(chunks, 1);
        await ReadAsync(chunks, key);
        using var otherKey = new SharingKey([.. Enumerable.Repeat((byte)1, 32)]);
        var other = new CachingChunkStore(new ConvergentChunkStore(otherKey, _store), cache);
        await Assert.ThrowsAsync<ChunkNotFoundException>(() => ReadAsync(other, key));
    }

    [Fact]
    public async Task What_a_stream_that_has_ended_had_fetched_ahead_goes_before_what_others_want()
    {
        CachingChunkStore chunks = Create(16_000, out ChunkCache cache); // twelve chunks; seven of them ahead
        using CancellationTokenSource live = new(), ended = new();
        ChunkKey[] wanted = [.. await AheadAsync(chunks, 1, 3, live.Token)], left = await AheadAsync(chunks, 11, 4, ended.Token);
        await ended.CancelAsync();
        cache.AheadRoom.Leave(ended);
        wanted = [.. wanted, .. await AheadAsync(chunks, 21, 4, live.Token)];
        for (byte seed = 31; seed < 41; seed++) await ReadAsync(chunks, await PutAsync(chunks, seed));
        Assert.All(wanted, key => Assert.True(chunks.IsCached(ChunkType.File, 0, key, 4096)));
        Assert.InRange(left.Count(key => chunks.IsCached(ChunkType.File, 0, key, 4096)), 0, 1);
    }

    private static async Task<ChunkKey[]> AheadAsync(CachingChunkStore chunks, byte seed, int count, CancellationToken stream)
    {
        var keys = new ChunkKey[count];
        for (int index = 0; index < count; index++)
        {
            keys[index] = await PutAsync(chunks, (byte)(seed + index));
            await chunks.FetchAheadAsync(ChunkType.File, 0, keys[index], 4096, stream);
        }

        return keys;
    }

    private CachingChunkStore Create(long sizeBytes, out ChunkCache cache)
    {
        cache = new ChunkCache(sizeBytes);
        return new CachingChunkStore(new ConvergentChunkStore(_sharingKey, _store), cache);
    }

    private static byte[] Content(byte seed) => [.. Enumerable.Repeat(seed, 1000)];

    private static async Task<ChunkKey> PutAsync(CachingChunkStore chunks, byte seed) => await chunks.PutAsync(ChunkType.File, 0, Content(seed), default);

    private static async Task<byte[]> ReadAsync(CachingChunkStore chunks, ChunkKey key, CancellationToken cancel = default)
    {
        using IMemoryOwner<byte> plaintext = await chunks.GetAsync(ChunkType.File, 0, key, 4096, cancel);
        return plaintext.Memory.ToArray();
    }
}
