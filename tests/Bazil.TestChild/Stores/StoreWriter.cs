using Bazil.Storage.Arena;
using Bazil.Storage.Stores;

namespace Bazil.TestChild.Stores;

/// <summary>
/// Puts and deletes numbered objects in an arena store until it is killed; segments are small, so that sealing, reclaiming and
/// compaction go on all the time. Each of several writers says on the output what it has done: <c>P writer number</c> put,
/// <c>X writer number</c> about to be deleted, <c>D writer number</c> deleted, <c>S writer number</c> synced up to there. A writer
/// whose disk fails says <c>F reason</c> and stops; when all have: <c>E</c>.
/// </summary>
internal static class StoreWriter
{
    public const int WriterCount = 3;

    /// <summary>A writer keeps about so many objects.</summary>
    private const int KeptCount = 150;

    internal static async Task<int> RunAsync(string directory, int firstNumber, int seed)
    {
        ArenaStore store = ArenaStore.Open("child", directory, new ArenaOptions { SegmentSizeBytesMax = 256 * 1024, FreeFloorBytes = 0 });
        await using Stream stream = Console.OpenStandardOutput();
        await using var output = new StreamWriter(stream) { AutoFlush = true };
        await Task.WhenAll(Enumerable.Range(0, WriterCount).Select(writer => Task.Run(() => WriteAsync(store, writer, firstNumber, new Random(seed + writer), output))));
        Say(output, "E");
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System);
        return 0;
    }

    private static async Task WriteAsync(ArenaStore store, int writer, int firstNumber, Random random, StreamWriter output)
    {
        try
        {
            for (int number = firstNumber; ; number++)
            {
                await store.PutAsync(NumberedObjects.IdOf(writer, number), NumberedObjects.ContentOf(writer, number), CancellationToken.None);
                Say(output, $"P {writer} {number}");
                if (number >= KeptCount && random.Next(10) != 0)
                {
                    Say(output, $"X {writer} {number - KeptCount}");
                    await store.DeleteAsync(NumberedObjects.IdOf(writer, number - KeptCount), CancellationToken.None);
                    Say(output, $"D {writer} {number - KeptCount}");
                }

                if (random.Next(50) == 0)
                {
                    await store.SyncAsync(CancellationToken.None);
                    Say(output, $"S {writer} {number}");
                }

                if (random.Next(300) == 0) await store.ReclaimAsync(CancellationToken.None);
            }
        }
        catch (StoreException exception)
        {
            // The power cut makes writing fail: nothing more is acknowledged.
            Say(output, $"F {exception.Message}");
        }
    }

    private static void Say(StreamWriter output, string line)
    {
        lock (output) output.WriteLine(line);
    }
}
