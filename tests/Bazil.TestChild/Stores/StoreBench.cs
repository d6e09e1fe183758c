using System.Diagnostics;
using System.Globalization;
using Bazil.Core;
using Bazil.Storage.Arena;

namespace Bazil.TestChild.Stores;

/// <summary>What the arena store alone does on a disk: fresh puts and gets of 128 KiB, synced puts of 4 KiB by 1 and by 16 threads.</summary>
internal static class StoreBench
{
    private const int LargeCount = 8192;
    private const int LargeSizeBytes = (128 * 1024) + 17;
    private const int SmallSizeBytes = 4096 + 17;
    private static readonly TimeSpan _duration = TimeSpan.FromSeconds(3);

    internal static async Task<int> RunAsync(string directory)
    {
        await using (ArenaStore store = ArenaStore.Open("bench", directory, new ArenaOptions()))
        {
            byte[] large = NumberedObjects.ContentOf(0, 0).Concat(new byte[LargeSizeBytes]).Take(LargeSizeBytes).ToArray();
            await TimeAsync("put 128 KiB", LargeCount, LargeSizeBytes, number => store.PutAsync(NumberedObjects.IdOf(1, number), large, default));
            await TimeAsync("sync", 1, 0, _ => store.SyncAsync(default));
            await TimeAsync("put 128 KiB again", LargeCount, LargeSizeBytes, number => store.PutAsync(NumberedObjects.IdOf(1, number), large, default));
            await TimeAsync("get 128 KiB", LargeCount, LargeSizeBytes, async number => (await store.GetAsync(NumberedObjects.IdOf(1, number), default))!.Dispose());
            await TimeAsync("hit", LargeCount, 0, async number => Check(await store.HasAsync(NumberedObjects.IdOf(1, number), default)));
            await TimeAsync("miss", LargeCount, 0, async number => Check(!await store.HasAsync(NumberedObjects.IdOf(2, number), default)));
            double one = SyncedPutsPerSecond(store, 1, 3);
            double sixteen = SyncedPutsPerSecond(store, 16, 4);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"synced puts of 4 KiB: {one:F0}/s by 1 thread, {sixteen:F0}/s by 16, {sixteen / one:F1} times"));
        }

        var watch = Stopwatch.StartNew();
        await using ArenaStore again = ArenaStore.Open("bench", directory, new ArenaOptions());
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"open: {watch.Elapsed.TotalMilliseconds:F1} ms, {again.Usage}"));
        return 0;
    }

    private static async Task TimeAsync(string what, int count, int sizeBytes, Func<int, ValueTask> action)
    {
        var watch = Stopwatch.StartNew();
        for (int number = 0; number < count; number++) await action(number);
        double seconds = watch.Elapsed.TotalSeconds;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what}: {seconds / count * 1e6:F2} us each, {(double)count * sizeBytes / seconds / 1e6:F0} MB/s"));
    }

    private static double SyncedPutsPerSecond(ArenaStore store, int threadCount, int writer)
    {
        byte[] content = new byte[SmallSizeBytes];
        int count = 0;
        var watch = Stopwatch.StartNew();
        Thread[] threads = [.. Enumerable.Range(0, threadCount).Select(_ => new Thread(() =>
        {
            while (watch.Elapsed < _duration)
            {
                ObjectId id = NumberedObjects.IdOf(writer, Interlocked.Increment(ref count));
                store.PutAsync(id, content, default).AsTask().GetAwaiter().GetResult();
                store.SyncAsync(default).AsTask().GetAwaiter().GetResult();
            }
        }))];
        foreach (Thread thread in threads) thread.Start();
        foreach (Thread thread in threads) thread.Join();
        return count / watch.Elapsed.TotalSeconds;
    }

    private static void Check(bool condition)
    {
        if (!condition) throw new InvalidOperationException("the store gave a wrong answer");
    }
}
