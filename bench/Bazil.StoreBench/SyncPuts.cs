using System.Diagnostics;
using System.Globalization;
using Bazil.Core.Crypto;
using Bazil.Storage.Cas;
using Bazil.Storage.Stores;

namespace Bazil.StoreBench;

/// <summary>Threads that each put 4 KiB and sync, again and again: what group commit is for. Prints puts and seconds.</summary>
internal static class SyncPuts
{
    private const int ChunkBytes = 4096;

    public static async Task RunAsync(string kind, string directory, int threads, int seconds)
    {
        ThreadPool.SetMinThreads(2 * threads, threads); // a put does its work on the calling thread
        using SharingKey sharingKey = SharingKey.Generate(new SodiumEntropy());
        await using IObjectStore store = await Stores.OpenAsync(kind, directory);
        var chunks = new ConvergentChunkStore(sharingKey, store);
        long number = 0;
        await RunAsync(TimeSpan.FromSeconds(1)); // warms up
        var watch = Stopwatch.StartNew();
        long count = await RunAsync(TimeSpan.FromSeconds(seconds));
        double elapsed = watch.Elapsed.TotalSeconds;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{count} {elapsed:F6}"));

        async Task<long> RunAsync(TimeSpan duration)
        {
            long end = Stopwatch.GetTimestamp() + (long)(duration.TotalSeconds * Stopwatch.Frequency);
            long[] counts = await Task.WhenAll(Enumerable.Range(0, threads).Select(thread => Task.Run(async () =>
            {
                byte[] content = new byte[ChunkBytes];
                new Random(thread).NextBytes(content);
                long done = 0;
                do
                {
                    BitConverter.TryWriteBytes(content, Interlocked.Increment(ref number));
                    await chunks.PutAsync(ChunkType.File, 0, content, CancellationToken.None);
                    await chunks.SyncAsync(CancellationToken.None);
                    done++;
                }
                while (Stopwatch.GetTimestamp() < end);
                return done;
            })));
            return counts.Sum();
        }
    }
}
