using Bazil.Core.Crypto;
using Bazil.Storage.Blobs;
using Bazil.Storage.Cas;
using Bazil.Storage.Stores;
using Bazil.Testing;

namespace Bazil.Storage.Tests.Blobs;

/// <summary>Random operations on a blob against a plain byte array, compared after every step. Edges are weighted.</summary>
public sealed class BlobModelTests
{
    private const int ChunkSize = 4096;
    private const int SizeMax = 40 * ChunkSize;

    [Theory]
    [InlineData(2, 64)]
    [InlineData(3, 64)]
    [InlineData(4, 16)]
    [InlineData(128, 24)]
    [InlineData(2, 16)]
    public async Task Blob_behaves_like_a_byte_array(ushort fanout, int budgetChunks)
    {
        int first = Seed.Take(0).Value;
        int count = Environment.GetEnvironmentVariable("BAZIL_SEED") is { Length: > 0 } ? 1 : 30;
        for (int seed = first; seed < first + count; seed++)
        {
            try
            {
                await RunAsync(seed, fanout, budgetChunks * ChunkSize);
            }
            catch (Exception exception)
            {
                Assert.Fail($"BAZIL_SEED={seed} fanout {fanout}: {exception}");
            }
        }
    }

    private static async Task RunAsync(int seed, ushort fanout, long budgetBytes)
    {
        var random = new Random(seed);
        using var key = new SharingKey(new byte[32]);
        await using var store = new MemoryObjectStore("memory");
        var chunks = new CachingChunkStore(new ConvergentChunkStore(key, store), new ChunkCache(random.Next(2) == 0 ? 0 : 64 * ChunkSize));
        await using var budget = new DirtyBudget(budgetBytes, workerCount: 2);
        var context = new BlobContext(chunks, budget, readAheadBytes: random.Next(2) * 4 * ChunkSize);
        Manifest manifest = Manifest.Empty(ChunkSize) with { Fanout = fanout };
        var blob = new Blob(context, manifest);
        byte[] model = [];
        for (int step = 0; step < 60; step++)
        {
            string operation = "";
            switch (random.Next(12))
            {
                case >= 10:
                    int place = Position(random, SizeMax);
                    byte[] few = Data(random, Math.Min(random.Next(1, 600), SizeMax - place));
                    operation = $"write {place}+{few.Length}";
                    await blob.WriteAsync((ulong)place, few, default);
                    if (few.Length > 0 && model.Length < place + few.Length) Array.Resize(ref model, place + few.Length);
                    few.CopyTo(model, few.Length > 0 ? place : 0);
                    break;
                case <= 3:
                    int offset = Position(random, SizeMax);
                    byte[] data = Data(random, Math.Min(Position(random, random.Next(2) == 0 ? SizeMax : ChunkSize), SizeMax - offset));
                    operation = $"write {offset}+{data.Length}";
                    await blob.WriteAsync((ulong)offset, data, default);
                    if (data.Length > 0 && model.Length < offset + data.Length) Array.Resize(ref model, offset + data.Length);
                    data.CopyTo(model, data.Length > 0 ? offset : 0);
                    break;
                case <= 5:
                    int size = random.Next(3) == 0 ? Position(random, model.Length) : Position(random, SizeMax);
                    operation = $"truncate {size}";
                    await blob.TruncateAsync((ulong)size, default);
                    Array.Resize(ref model, size);
                    break;
                case 6:
                    manifest = await blob.SaveAsync(default);
                    operation = "save";
                    Assert.False(blob.IsDirty);
                    break;
                case 7:
                    manifest = await blob.SaveAsync(default);
                    await blob.DisposeAsync();
                    Assert.Equal((0, 0), (budget.UsedBytes, budget.OverlayBytes));
                    blob = new Blob(context, manifest);
                    operation = "reopen";
                    break;
                default:
                    int start = Position(random, SizeMax);
                    byte[] part = new byte[Position(random, SizeMax)];
                    random.NextBytes(part);
                    operation = $"read {start}+{part.Length}";
                    int read = await blob.ReadAsync((ulong)start, part, default);
                    Assert.Equal(Math.Clamp(model.Length - start, 0, part.Length), read);
                    Assert.True(part.AsSpan(0, read).SequenceEqual(model.AsSpan(Math.Min(start, model.Length), read)), operation);
                    break;
            }

            Assert.Equal((ulong)model.Length, blob.SizeBytes);
            byte[] all = new byte[model.Length + 1];
            Assert.Equal(model.Length, await blob.ReadAsync(0, all, default));
            int difference = all.AsSpan(0, model.Length).CommonPrefixLength(model);
            Assert.True(difference == model.Length, $"step {step} {operation}: byte {difference} of {model.Length} differs");
        }

        manifest = await blob.SaveAsync(default);
        Assert.Equal(await CanonicalAsync(context, manifest, model), manifest);
        await blob.DisposeAsync();
        Assert.Equal((0, 0), (budget.UsedBytes, budget.OverlayBytes));
        Assert.InRange(budget.PeakBytes, 0, budgetBytes);
    }

    /// <summary>However content came about, its manifest is that of writing it in one go.</summary>
    private static async Task<Manifest> CanonicalAsync(BlobContext context, Manifest like, byte[] content)
    {
        await using var blob = new Blob(context, like with { Root = default, SizeBytes = 0 });
        await blob.WriteAsync(0, content, default);
        return await blob.SaveAsync(default);
    }

    private static int Position(Random random, int max)
    {
        int chunk = random.Next((max / ChunkSize) + 1) * ChunkSize;
        int position = random.Next(6) switch
        {
            0 => chunk,
            1 => chunk - 1,
            2 => chunk + 1,
            3 => random.Next(3),
            _ => random.Next(max + 1),
        };
        return Math.Clamp(position, 0, max);
    }

    private static byte[] Data(Random random, int size)
    {
        byte[] data = new byte[size];
        if (random.Next(4) > 0) random.NextBytes(data);
        if (random.Next(4) == 0) data.AsSpan(random.Next(size + 1)).Clear();
        return data;
    }
}
