using Bazil.Core.Crypto;
using Bazil.Storage.Blobs;
using Bazil.Storage.Cas;
using Bazil.Storage.Stores;
using Bazil.Testing;

namespace Bazil.Storage.Tests.Blobs;

/// <summary>Holes and copies between two blobs against plain byte arrays; what is saved has the one tree of its bytes.</summary>
public sealed class BlobRangeTests
{
    private const int ChunkSize = 4096;
    private const int ChunksMax = 70;
    private const int StepCount = 50;

    [Theory]
    [InlineData(2, 64)]
    [InlineData(3, 32)]
    [InlineData(4, 16)]
    [InlineData(128, 24)]
    [InlineData(2, 18)]
    public async Task Zeroed_and_copied_ranges_are_those_of_byte_arrays(ushort fanout, int budgetChunks)
    {
        int first = Seed.Take(0).Value;
        int count = Environment.GetEnvironmentVariable("BAZIL_SEED") is { Length: > 0 } ? 1 : 30;
        for (int seed = first; seed < first + count; seed++)
        {
            try
            {
                await RunAsync(new Random(seed), fanout, budgetChunks * ChunkSize);
            }
            catch (Exception exception)
            {
                Assert.Fail($"BAZIL_SEED={seed} fanout {fanout}: {exception}");
            }
        }
    }

    [Fact]
    public async Task Copy_of_a_large_content_stores_nothing_but_pointers()
    {
        using var key = new SharingKey(new byte[32]);
        await using var store = new MemoryObjectStore("memory");
        var chunks = new CachingChunkStore(new ConvergentChunkStore(key, store), new ChunkCache(0));
        await using var budget = new DirtyBudget(64 * ChunkSize, workerCount: 2);
        var context = new BlobContext(chunks, budget, readAheadBytes: 0);
        await using var source = new Blob(context, Manifest.Empty(ChunkSize) with { Fanout = 16 });
        byte[] data = new byte[(1000 * ChunkSize) + 5];
        new Random(1).NextBytes(data);
        await source.WriteAsync(0, data, default);
        Manifest manifest = await source.SaveAsync(default);
        long before = await CountAsync(store);
        await using var whole = new Blob(context, Manifest.Empty(ChunkSize) with { Fanout = 16 });
        await whole.CloneAsync(manifest, 0, 0, (ulong)data.Length, default);
        Assert.Equal(manifest, await whole.SaveAsync(default));
        Assert.Equal(before, await CountAsync(store));
        await whole.CloneAsync(manifest, 16 * 16 * ChunkSize, 0, 512 * ChunkSize, default);
        await whole.SaveAsync(default);
        Assert.InRange(await CountAsync(store) - before, 1, 4);
    }

    private static async Task RunAsync(Random random, ushort fanout, long budgetBytes)
    {
        using var key = new SharingKey(new byte[32]);
        await using var store = new MemoryObjectStore("memory");
        var chunks = new CachingChunkStore(new ConvergentChunkStore(key, store), new ChunkCache(random.Next(2) == 0 ? 0 : 64 * ChunkSize));
        await using var budget = new DirtyBudget(budgetBytes, workerCount: 2);
        var context = new BlobContext(chunks, budget, readAheadBytes: 0);
        Manifest empty = Manifest.Empty(ChunkSize) with { Fanout = fanout };
        await using var one = new Blob(context, empty);
        await using var two = new Blob(context, empty);
        byte[][] models = [[], []];
        for (int step = 0; step < StepCount; step++)
        {
            int at = random.Next(2);
            Blob blob = at == 0 ? one : two;
            int from = random.Next(4) == 0 ? at : 1 - at;
            models[at] = await ChangeAsync(random, blob, models[at], from == 0 ? one : two, models[from]);
            await CheckAsync(random, blob, models[at]);
            if (random.Next(4) == 0) await CheckTreeAsync(context, blob, models[at], empty);
        }

        await CheckTreeAsync(context, one, models[0], empty);
        await CheckTreeAsync(context, two, models[1], empty);
    }

    private static async Task<byte[]> ChangeAsync(Random random, Blob blob, byte[] model, Blob other, byte[] source)
    {
        int offset = Position(random, ChunksMax * ChunkSize), length = Position(random, random.Next(2) == 0 ? 3 * ChunkSize : ChunksMax * ChunkSize);
        switch (random.Next(6))
        {
            case 0 or 1:
                byte[] data = new byte[Math.Min(length, (ChunksMax * ChunkSize) - offset)];
                random.NextBytes(data);
                await blob.WriteAsync((ulong)offset, data, default);
                if (data.Length > 0) Put(ref model, offset, data);
                break;
            case 2:
                await blob.TruncateAsync((ulong)offset, default);
                Array.Resize(ref model, offset);
                break;
            case 3:
                await blob.ZeroAsync((ulong)offset, (ulong)length, default);
                if (offset < model.Length) model.AsSpan(offset, Math.Min(length, model.Length - offset)).Clear();
                break;
            default:
                Manifest manifest = await other.SaveAsync(default);
                int from = Math.Min(random.Next(3) == 0 ? 0 : Position(random, ChunksMax * ChunkSize), source.Length);
                int to = random.Next(3) switch { 0 => from, 1 => from % ChunkSize, _ => offset };
                int count = random.Next(3) == 0 ? source.Length - from : Math.Min(length, source.Length - from);
                count = Math.Min(count, Math.Max(0, (100 * ChunkSize) - to));
                byte[] part = source.AsSpan(from, count).ToArray();
                await blob.CloneAsync(manifest, (ulong)from, (ulong)to, (ulong)count, default);
                if (count > 0) Put(ref model, to, part);
                break;
        }

        return model;
    }

    private static async Task CheckAsync(Random random, Blob blob, byte[] model)
    {
        Assert.Equal((ulong)model.Length, blob.SizeBytes);
        byte[] read = new byte[model.Length + 10];
        int count = await blob.ReadAsync(0, read, default);
        Assert.Equal(model.Length, count);
        Assert.True(model.AsSpan().SequenceEqual(read.AsSpan(0, count)), "content differs");
        int offset = Position(random, model.Length + ChunkSize);
        foreach (bool isData in (bool[])[false, true]) Assert.Equal(Find(model, offset, isData), await blob.SeekAsync((ulong)offset, isData, default));
    }

    private static async Task CheckTreeAsync(BlobContext context, Blob blob, byte[] model, Manifest empty)
    {
        Manifest manifest = await blob.SaveAsync(default);
        await using var fresh = new Blob(context, empty);
        for (int offset = 0; offset < model.Length; offset += ChunkSize) await fresh.WriteAsync((ulong)offset, model.AsMemory(offset, Math.Min(ChunkSize, model.Length - offset)), default);
        Assert.Equal(await fresh.SaveAsync(default), manifest);
        ulong expected = (ulong)Enumerable.Range(0, (model.Length + ChunkSize - 1) / ChunkSize).Count(chunk => HasData(model, chunk)) * ChunkSize;
        await using var stored = new Blob(context, manifest);
        Assert.Equal(Math.Min(expected, (ulong)model.Length), await stored.MeasureAsync(int.MaxValue, default));
    }

    private static ulong? Find(byte[] model, int offset, bool isData)
    {
        if (offset >= model.Length) return null;
        for (int chunk = offset / ChunkSize; chunk * ChunkSize < model.Length; chunk++)
        {
            if (HasData(model, chunk) == isData) return (ulong)Math.Max(offset, chunk * ChunkSize);
        }

        return isData ? null : (ulong)model.Length;
    }

    private static bool HasData(byte[] model, int chunk) =>
        model.AsSpan(chunk * ChunkSize, Math.Min(ChunkSize, model.Length - (chunk * ChunkSize))).ContainsAnyExcept((byte)0);

    private static void Put(ref byte[] model, int offset, byte[] data)
    {
        byte[] changed = new byte[Math.Max(model.Length, offset + data.Length)];
        model.CopyTo(changed, 0);
        data.CopyTo(changed, offset);
        model = changed;
    }

    private static int Position(Random random, int max)
    {
        int chunks = random.Next((max / ChunkSize) + 1) * ChunkSize;
        return Math.Clamp(random.Next(4) switch { 0 => chunks + random.Next(-1, 2), 1 => random.Next(max + 1), _ => chunks }, 0, max);
    }

    private static async Task<long> CountAsync(MemoryObjectStore store)
    {
        long count = 0;
        await foreach (var _ in store.ListAsync(default)) count++;
        return count;
    }
}
