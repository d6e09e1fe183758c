using System.Diagnostics;
using Bazil.Storage.Metadata;
using Bazil.Storage.Metadata.RocksDb;

namespace Bazil.TestChild.Metadata;

/// <summary>Rates of the metadata store: commits of 4 keys with values of 200 bytes, gets, syncs, scans.</summary>
internal static class MetadataBench
{
    private const int Commits = 100_000;
    private const int Gets = 200_000;
    private const int Syncs = 200;

    internal static int Run(string directory)
    {
        using RocksDbMetadataStore store = RocksDbMetadataStore.Create(directory, TimeProvider.System);
        var random = new Random(1);
        var batch = new MetadataBatch();
        byte[] value = new byte[200];
        random.NextBytes(value.AsSpan(0, 100));
        Commit(store, batch, value, 0, 1000);
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        var watch = Stopwatch.StartNew();
        Commit(store, batch, value, 1000, Commits);
        double seconds = watch.Elapsed.TotalSeconds;
        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        Console.WriteLine($"commit of 4 keys: {Commits / seconds:N0}/s, {seconds / Commits * 1e6:F1} us, {(double)allocated / Commits:F1} bytes allocated");

        watch.Restart();
        long found = 0;
        for (int i = 0; i < Gets; i++) found += Get(store, random.Next(Commits), i & 3) is null ? 0 : 1;
        Console.WriteLine($"get: {watch.Elapsed.TotalMicroseconds / Gets:F2} us, {found} of {Gets} found");

        double[] times = new double[Syncs];
        for (int i = 0; i < Syncs; i++)
        {
            Commit(store, batch, value, 1000 + Commits + (20 * i), 20);
            long start = Stopwatch.GetTimestamp();
            store.Sync();
            times[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }

        Array.Sort(times);
        Console.WriteLine($"sync after 20 commits: p50 {times[Syncs / 2]:F2} ms, p99 {times[Syncs * 99 / 100]:F2} ms, max {times[^1]:F2} ms");
        watch.Restart();
        int entries = 0;
        using (IMetadataCursor cursor = store.Scan([], [])) while (cursor.MoveNext()) entries += cursor.Key.Length > 0 ? 1 : 0;
        Console.WriteLine($"scan: {watch.Elapsed.TotalMicroseconds / entries:F2} us for an entry, {entries} entries");
        return 0;
    }

    private static void Commit(RocksDbMetadataStore store, MetadataBatch batch, byte[] value, int first, int count)
    {
        Span<byte> buffer = stackalloc byte[MetadataKey.MaxSize];
        for (int i = first; i < first + count; i++)
        {
            batch.Clear();
            for (uint part = 0; part < 4; part++) batch.Put(Key(buffer, i, part), value);
            store.Commit(batch);
        }
    }

    private static byte[]? Get(RocksDbMetadataStore store, int number, int part) =>
        store.Get(Key(stackalloc byte[MetadataKey.MaxSize], number, (uint)part));

    /// <summary>Scattered as inode numbers of random directories are.</summary>
    private static ReadOnlySpan<byte> Key(Span<byte> buffer, int number, uint part) =>
        new MetadataKey(buffer, Table.Inode).Add(part).Add((ulong)number * 0x9E3779B97F4A7C15).Bytes;
}
