using Bazil.Core;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Nodes;

namespace Bazil.TestChild.Volumes;

/// <summary>
/// What records in a cache take, in a process that does nothing else: the size of the heap is that of the whole process. Prints how many are cached,
/// the bytes that the heap has grown by, and as how many they are counted.
/// </summary>
internal static class RecordCacheMeasurement
{
    /// <param name="row">The row of one record; it is decoded again and again.</param>
    /// <param name="count">How many are cached.</param>
    internal static int Run(byte[] row, int count)
    {
        Fill(new RecordCache(long.MaxValue), row, 1); // what is made once, for all, is no part of it
        var cache = new RecordCache(long.MaxValue);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        Fill(cache, row, count);
        long taken = GC.GetTotalMemory(forceFullCollection: true) - before;
        Console.WriteLine($"{cache.Count} {taken} {cache.UsedBytes}");
        GC.KeepAlive(cache);
        return 0;
    }

    private static void Fill(RecordCache cache, byte[] row, int count)
    {
        for (int number = 0; number < count; number++) cache.Set(NodeCodec.DecodeRow(new InodeId(5000 + (ulong)number), row, static _ => Knowledge.Empty));
    }
}
