using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.Storage.Stores;

namespace Bazil.StoreBench;

/// <summary>A store with very many small objects: filling it, then what opening it, finding and missing objects cost.</summary>
internal static partial class ManyObjects
{
    private const int ObjectBytes = 32;
    private const int SyncInterval = 200_000;
    private const int LookupCount = 200_000;

    /// <summary>Prints objects and seconds.</summary>
    public static async Task FillAsync(string kind, string directory, int count)
    {
        await using IObjectStore store = await Stores.OpenAsync(kind, directory);
        byte[] content = new byte[ObjectBytes];
        var watch = Stopwatch.StartNew();
        for (int number = 0; number < count; number++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(content, number);
            await store.PutAsync(IdOf(number), content, CancellationToken.None);
            if (number % SyncInterval == 0) await store.SyncAsync(CancellationToken.None);
        }

        await store.SyncAsync(CancellationToken.None);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{count} {watch.Elapsed.TotalSeconds:F6}"));
    }

    /// <summary>Prints the seconds to open, bytes of memory that are not mapped files per object, and seconds for a hit, a miss, and a read.</summary>
    public static async Task LookUpAsync(string kind, string directory, int count)
    {
        long before = AnonymousBytes();
        var watch = Stopwatch.StartNew();
        await using IObjectStore store = await Stores.OpenAsync(kind, directory);
        double open = watch.Elapsed.TotalSeconds;
        GC.Collect();
        double perObject = (AnonymousBytes() - before) / (double)count;
        var random = new Random(1);
        await FindAsync(store, static (at, number) => IdOf(number), count, random, expected: true); // warms up
        double hit = await FindAsync(store, static (at, number) => IdOf(number), count, random, expected: true);
        double miss = await FindAsync(store, (at, number) => IdOf(count + number), count, random, expected: false);
        watch.Restart();
        for (int index = 0; index < LookupCount; index++)
        {
            using var found = await store.GetAsync(IdOf(random.Next(count)), CancellationToken.None);
            if (found is null) throw new InvalidOperationException("an object that was put is gone");
        }

        double get = watch.Elapsed.TotalSeconds / LookupCount;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{open:F6} {perObject:F3} {hit:E3} {miss:E3} {get:E3}"));
    }

    private static async Task<double> FindAsync(IObjectStore store, Func<int, int, ObjectId> idOf, int count, Random random, bool expected)
    {
        ObjectId[] ids = [.. Enumerable.Range(0, LookupCount).Select(at => idOf(at, random.Next(count)))];
        var watch = Stopwatch.StartNew();
        foreach (ObjectId id in ids)
        {
            if (await store.HasAsync(id, CancellationToken.None) != expected) throw new InvalidOperationException($"the store is wrong about object {id}");
        }

        return watch.Elapsed.TotalSeconds / LookupCount;
    }

    private static ObjectId IdOf(int number)
    {
        Span<byte> input = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(input, number);
        Span<byte> id = stackalloc byte[ObjectId.Size];
        Blake2b.Hash(input, id);
        return new ObjectId(id);
    }

    /// <summary>Resident memory of this process that is not a mapped file.</summary>
    private static long AnonymousBytes()
    {
        string line = File.ReadLines("/proc/self/status").First(static line => line.StartsWith("RssAnon:", StringComparison.Ordinal));
        return 1024 * long.Parse(line["RssAnon:".Length..^"kB".Length], NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture);
    }
}
