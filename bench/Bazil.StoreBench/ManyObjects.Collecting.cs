using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using Bazil.Core.Crypto;
using Bazil.Storage.Collection;
using Bazil.Storage.Metadata;
using Bazil.Storage.Metadata.RocksDb;

namespace Bazil.StoreBench;

// Two collections of garbage in that store: the first finds the garbage, the second deletes it.
internal static partial class ManyObjects
{
    private static readonly TimeSpan s_useInterval = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan s_quietTime = TimeSpan.FromSeconds(3);

    /// <summary>
    /// Prints, for both collections, seconds to mark, seconds to sweep, seconds of processor time and objects that became fossils or were deleted; then the largest growth of the
    /// memory that is not a mapped file; then, before and during them, the median and the 99th percentile of seconds for a get, and for a put of a new object.
    /// </summary>
    /// <param name="count">Objects in the store.</param>
    /// <param name="garbagePercent">How many of a hundred nothing refers to.</param>
    public static async Task CollectAsync(string kind, string directory, int count, int garbagePercent)
    {
        Directory.CreateDirectory(directory);
        using RocksDbMetadataStore metadata = RocksDbMetadataStore.Create(Path.Combine(directory, "metadata"), TimeProvider.System);
        await using var store = new CollectingObjectStore(await Stores.OpenAsync(kind, Path.Combine(directory, "objects")), metadata, new SodiumEntropy());
        var use = new Use(store, count, garbagePercent);
        Latencies quiet = await use.RunUntilAsync(Task.Delay(s_quietTime, TimeProvider.System));

        long before = AnonymousBytes();
        var figures = new List<string>();
        Task<long> collections = Task.Run(async () =>
        {
            long most = 0;
            for (int number = 0; number < 2; number++) figures.Add(await CollectOnceAsync(store, count, garbagePercent, () => most = Math.Max(most, AnonymousBytes())));
            return most;
        });
        Latencies busy = await use.RunUntilAsync(collections);
        await use.CheckAsync();
        long peak = await collections;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{string.Join(' ', figures)} {peak - before} {quiet} {busy}"));
    }

    private static async Task<string> CollectOnceAsync(CollectingObjectStore store, int count, int garbagePercent, Action look)
    {
        TimeSpan processor = Environment.CpuUsage.TotalTime;
        var watch = Stopwatch.StartNew();
        using ObjectCollection collection = store.Begin(isDryRun: false);
        for (int number = 0; number < count; number++)
        {
            if (!IsGarbage(number, garbagePercent)) collection.Mark(IdOf(number));
            if (number % SyncInterval == 0) look();
        }

        double marked = watch.Elapsed.TotalSeconds;
        SweepReport report = await collection.SweepAsync(static _ => true, new LookingPace(look), CancellationToken.None);
        collection.Complete(new MetadataBatch(), DateTimeOffset.UnixEpoch);
        double used = (Environment.CpuUsage.TotalTime - processor).TotalSeconds;
        return string.Create(CultureInfo.InvariantCulture, $"{marked:F3} {watch.Elapsed.TotalSeconds - marked:F3} {used:F3} {report.Fossilised.Objects + report.Deleted.Objects}");
    }

    private static bool IsGarbage(int number, int garbagePercent) => number % 100 < garbagePercent;

    /// <summary>Looks at the memory now and then, and lets others have the thread.</summary>
    private sealed class LookingPace(Action look) : Pace(TimeProvider.System, 0)
    {
        private int _count;

        public override ValueTask StepAsync(CancellationToken cancel)
        {
            if (++_count % SyncInterval == 0) look();
            return ValueTask.CompletedTask;
        }
    }

    private readonly record struct Latencies(double GetMedian, double GetWorst, double PutMedian, double PutWorst)
    {
        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{GetMedian:E3} {GetWorst:E3} {PutMedian:E3} {PutWorst:E3}");
    }

    /// <summary>Somebody who reads what is referred to and puts what is new.</summary>
    private sealed class Use(CollectingObjectStore store, int count, int garbagePercent)
    {
        private readonly Random _random = new(2);
        private int _putCount;
        private int _left; // garbage that a filter took for marked

        public async Task<Latencies> RunUntilAsync(Task end)
        {
            var gets = new List<double>();
            var puts = new List<double>();
            byte[] content = new byte[ObjectBytes];
            using var timer = new PeriodicTimer(s_useInterval);
            while (!end.IsCompleted && await timer.WaitForNextTickAsync())
            {
                int number;
                do number = _random.Next(count);
                while (IsGarbage(number, garbagePercent));
                long start = Stopwatch.GetTimestamp();
                await ExpectAsync(number);
                gets.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);

                number = count + _putCount++;
                BinaryPrimitives.WriteInt32LittleEndian(content, number);
                start = Stopwatch.GetTimestamp();
                await store.PutAsync(IdOf(number), content, CancellationToken.None);
                puts.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
            }

            gets.Sort();
            puts.Sort();
            return new Latencies(gets[gets.Count / 2], gets[gets.Count * 99 / 100], puts[puts.Count / 2], puts[puts.Count * 99 / 100]);
        }

        /// <summary>Everything that is referred to or was put meanwhile is there, and the garbage is not.</summary>
        public async Task CheckAsync()
        {
            // Puts before and between the collections were marked by none, as nothing refers to them; those of the second are there.
            for (int index = 0; index < LookupCount; index++)
            {
                int number = _random.Next(count);
                if (!IsGarbage(number, garbagePercent)) await ExpectAsync(number);
                else if (index % 100 == 0 && await store.HasAsync(IdOf(number), CancellationToken.None) && ++_left > LookupCount / 1000) throw new InvalidOperationException("garbage is left");
            }

            await ExpectAsync(count + _putCount - 1);
        }

        private async Task ExpectAsync(int number)
        {
            using System.Buffers.IMemoryOwner<byte>? found = await store.GetAsync(IdOf(number), CancellationToken.None);
            if (found is null) throw new InvalidOperationException("an object that is referred to is gone");
        }
    }
}
