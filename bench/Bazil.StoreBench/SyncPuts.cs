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
        using SharingKey sharingKey = SharingKey.Generate(new SodiumEntropy());
        await using IObjectStore store = await Stores.OpenAsync(kind, directory);
        var chunks = new ConvergentChunkStore(sharingKey, store);
        long number = 0;
        var watch = Stopwatch.StartNew();
        long[] counts = await Task.WhenAll(Enumerable.Range(0, threads).Select(thread => Task.Factory.StartNew(
            async () =>
            {
                byte[] content = new byte[ChunkBytes];
                new Random(thread).NextBytes(content);
                long done = 0;
                for (; watch.Elapsed.TotalSeconds < seconds; done++)
                {
                    BitConverter.TryWriteBytes(content, Interlocked.Increment(ref number));
                    await chunks.PutAsync(ChunkType.File, 0, content, CancellationToken.None);
                    await chunks.SyncAsync(CancellationToken.None);
                }

                return done;
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default).Unwrap()));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{counts.Sum()} {watch.Elapsed.TotalSeconds:F6}"));
    }
}
