using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.Storage.Cas;

namespace Bazil.StoreBench;

/// <summary>
/// Puts and gets of fresh, random chunks through the chunk store, over a store that costs nothing: the same work as
/// bench/store/sodium.c. Prints bytes, seconds and seconds of processor time, and bytes of managed memory taken per chunk.
/// </summary>
internal static class ChunkRates
{
    private const int SourceBytes = 32 << 20;
    private static readonly TimeSpan _warmUp = TimeSpan.FromMilliseconds(500);

    public static async Task PutAsync(int chunkBytes, int threads, int seconds, bool compress)
    {
        using SharingKey sharingKey = SharingKey.Generate(new SodiumEntropy());
        var chunks = new ConvergentChunkStore(sharingKey, new HeldStore(keep: false)) { Compression = CompressionOf(compress) };
        await MeasureAsync(chunkBytes, threads, seconds, async (source, index, number) =>
        {
            Memory<byte> content = source.AsMemory(index * chunkBytes, chunkBytes);
            BitConverter.TryWriteBytes(content.Span, number);
            await chunks.PutAsync(ChunkType.File, 0, content, CancellationToken.None);
        });
    }

    public static async Task GetAsync(int chunkBytes, int threads, int seconds, bool compress)
    {
        using SharingKey sharingKey = SharingKey.Generate(new SodiumEntropy());
        var chunks = new ConvergentChunkStore(sharingKey, new HeldStore(keep: true)) { Compression = CompressionOf(compress) };
        byte[] content = RandomSource();
        var keys = new ChunkKey[SourceBytes / chunkBytes];
        for (int index = 0; index < keys.Length; index++)
        {
            keys[index] = await chunks.PutAsync(ChunkType.File, 0, content.AsMemory(index * chunkBytes, chunkBytes), CancellationToken.None);
        }

        await MeasureAsync(chunkBytes, threads, seconds, async (_, index, _) =>
        {
            using IMemoryOwner<byte> plaintext = await chunks.GetAsync(ChunkType.File, 0, keys[index], chunkBytes, CancellationToken.None);
        });
    }

    public static ChunkCompression CompressionOf(bool compress) => compress ? ChunkCompression.Zstd : ChunkCompression.None;

    private static async Task MeasureAsync(int chunkBytes, int threads, int seconds, Func<byte[], int, long, ValueTask> one)
    {
        byte[][] sources = [.. Enumerable.Range(0, threads).Select(static _ => RandomSource())];
        long number = 0;
        await RunAsync(_warmUp);
        long allocated = GC.GetTotalAllocatedBytes(precise: true);
        TimeSpan cpu = Environment.CpuUsage.TotalTime;
        var watch = Stopwatch.StartNew();
        long count = await RunAsync(TimeSpan.FromSeconds(seconds));
        double elapsed = watch.Elapsed.TotalSeconds, processor = (Environment.CpuUsage.TotalTime - cpu).TotalSeconds;
        allocated = GC.GetTotalAllocatedBytes(precise: true) - allocated;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{count * chunkBytes} {elapsed:F6} {processor:F6} {allocated / Math.Max(1, count)}"));

        async Task<long> RunAsync(TimeSpan duration)
        {
            long end = Stopwatch.GetTimestamp() + (long)(duration.TotalSeconds * Stopwatch.Frequency);
            long[] counts = await Task.WhenAll(sources.Select(source => Task.Run(async () =>
            {
                long done = 0;
                for (int index = 0; Stopwatch.GetTimestamp() < end; index = (index + 1) % (SourceBytes / chunkBytes))
                {
                    await one(source, index, Interlocked.Increment(ref number));
                    done++;
                }

                return done;
            })));
            return counts.Sum();
        }
    }

    private static byte[] RandomSource()
    {
        byte[] source = GC.AllocateUninitializedArray<byte>(SourceBytes, pinned: true);
        new Random(1).NextBytes(source);
        return source;
    }
}
