using System.Diagnostics;
using System.Globalization;
using Bazil.Core;
using Bazil.Storage.Arena.Index;
using Xunit;

namespace Bazil.Storage.Tests.Arena.Index;

/// <summary>Figures at scale, with <c>BAZIL_INDEX_KEYS=10000000</c> (and a Release build).</summary>
public sealed class IndexMeasurements(ITestOutputHelper output)
{
    [Fact]
    public void Lookups_at_scale()
    {
        string? setting = Environment.GetEnvironmentVariable("BAZIL_INDEX_KEYS");
        Assert.SkipWhen(setting is null, "BAZIL_INDEX_KEYS is not set");
        int keyCount = int.Parse(setting, CultureInfo.InvariantCulture);
        const int KeysPerSegment = 16_000; // 1 GiB of chunks of 64 KiB
        using var fixture = new IndexFixture(95);
        var segments = new List<SealedSegment>();
        var clock = Stopwatch.StartNew();
        long merged = 0;
        using (IndexSet set = fixture.Open())
        {
            for (int key = 0; key < keyCount; key += KeysPerSegment)
            {
                uint segment = (uint)segments.Count + 1;
                segments.Add(IndexFixture.Segment(segment));
                set.Add([IndexFixture.Segment(segment)], Entries(key, Math.Min(keyCount - key, KeysPerSegment), segment), KeysPerSegment, CancellationToken.None);
                while (set.Merge(CancellationToken.None)) merged += set.Files.MaxBy(file => file.Generation)!.RecordCount;
            }
        }

        output.WriteLine($"built in {clock.Elapsed.TotalSeconds:f1} s, each key merged {merged / (double)keyCount:f1} times, peak {Environment.WorkingSet >> 20} MiB");
        Measure(fixture, [.. segments], keyCount, "tiers as they come");
        using (IndexSet set = fixture.Open([.. segments]))
        {
            clock.Restart();
            new IndexBuild(new IndexFolder(fixture.Path, beforeChange: null), fixture.Entropy, ulong.MaxValue, segments)
                .FromFiles(set.Files, set.Seed, CancellationToken.None).Dispose();
            output.WriteLine($"merge of all into one: {clock.Elapsed.TotalSeconds:f1} s");
            clock.Restart();
            new IndexBuild(new IndexFolder(fixture.Path, beforeChange: null), fixture.Entropy, ulong.MaxValue - 1, segments)
                .FromEntries(set.Entries(), set.RecordCount, IndexSeed.Create(fixture.Entropy), CancellationToken.None).Dispose();
            output.WriteLine($"build of one from unsorted entries: {clock.Elapsed.TotalSeconds:f1} s");
        }

        Measure(fixture, [.. segments], keyCount, "one file");
    }

    private void Measure(IndexFixture fixture, SealedSegment[] segments, int keyCount, string name)
    {
        long before = Resident();
        TimeSpan cpu = Environment.CpuUsage.TotalTime;
        var clock = Stopwatch.StartNew();
        using IndexSet set = fixture.Open(segments);
        double openMs = clock.Elapsed.TotalMilliseconds;
        double openCpuMs = (Environment.CpuUsage.TotalTime - cpu).TotalMilliseconds;
        long sizeBytes = Directory.GetFiles(fixture.Path).Sum(path => new FileInfo(path).Length);
        output.WriteLine($"{name}: {set.Files.Length} files, {sizeBytes / (double)keyCount:f2} bytes a key on disk, open {openMs:f1} ms ({openCpuMs:f1} of the processor)");
        output.WriteLine($"  first misses {Lookups(set, miss: true, keyCount, 400_000)}");
        long resident = Resident() - before;
        output.WriteLine($"  miss {Lookups(set, miss: true, keyCount, 3_000_000)}");
        output.WriteLine($"  hit {Lookups(set, miss: false, keyCount, 1_000_000)}");
        output.WriteLine($"  {resident / (double)keyCount:f2} bytes a key in memory");
    }

    private static string Lookups(IndexSet set, bool miss, int keyCount, int count)
    {
        var random = new Random(count);
        int foundCount = 0;
        TimeSpan cpu = Environment.CpuUsage.TotalTime;
        var clock = Stopwatch.StartNew();
        for (int i = 0; i < count; i++)
        {
            foreach (SegmentLocation _ in set.Find(Id(miss ? -1 - random.Next() : random.Next(keyCount))))
            {
                foundCount++;
                break;
            }
        }

        if (!miss) Assert.Equal(count, foundCount);
        return $"{clock.Elapsed.TotalNanoseconds / count:f0} ns ({(Environment.CpuUsage.TotalTime - cpu).TotalNanoseconds / count:f0} of the processor)";
    }

    private static IEnumerable<IndexEntry> Entries(int first, int count, uint segment)
    {
        for (int i = 0; i < count; i++) yield return new IndexEntry(Id(first + i), new SegmentLocation(segment, (uint)i * 1024));
    }

    /// <summary>Uniform ids without keeping ten million of them.</summary>
    private static ObjectId Id(int number)
    {
        Span<byte> bytes = stackalloc byte[ObjectId.Size];
        for (int word = 0; word < 4; word++) BitConverter.TryWriteBytes(bytes[(word * 8)..], IndexSeed.Mix(((ulong)(long)number * 4) + (ulong)word + 12345));
        return new ObjectId(bytes);
    }

    private static long Resident()
    {
        GC.Collect();
        string line = File.ReadLines("/proc/self/status").First(line => line.StartsWith("RssAnon", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
    }
}
