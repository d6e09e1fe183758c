using System.Diagnostics;
using System.Globalization;
using Bazil.Core.Crypto;
using Bazil.Storage.Blobs;
using Bazil.Storage.Cas;

namespace Bazil.StoreBench;

/// <summary>
/// One long file as one program writes and reads it, in requests of 128 KiB, over a store that costs nothing: what the background
/// seals and the read-ahead make of several processors. Prints bytes, seconds and seconds of processor time of the write, then of the read.
/// </summary>
internal static class BlobRates
{
    private const int RequestBytes = 128 * 1024;

    public static async Task RunAsync(int mebibytes, int readAheadBytes)
    {
        using SharingKey sharingKey = SharingKey.Generate(new SodiumEntropy());
        var chunks = new CachingChunkStore(new ConvergentChunkStore(sharingKey, new HeldStore(keep: true)), new ChunkCache());
        await using var budget = new DirtyBudget();
        var blobs = new BlobContext(chunks, budget, readAheadBytes);
        byte[] request = new byte[RequestBytes];
        new Random(1).NextBytes(request);
        long bytes = (long)mebibytes << 20;
        for (int round = 0; round < 2; round++)
        {
            var clock = Clock.Start();
            await using var written = new Blob(blobs, Manifest.Empty());
            for (long offset = 0; offset < bytes; offset += RequestBytes)
            {
                BitConverter.TryWriteBytes(request, offset + round);
                await written.WriteAsync((ulong)offset, request, CancellationToken.None);
            }

            Manifest manifest = await written.SaveAsync(CancellationToken.None);
            string write = clock.Stop(bytes);
            clock = Clock.Start();
            await using var read = new Blob(blobs, manifest);
            for (long offset = 0; offset < bytes; offset += RequestBytes) await read.ReadAsync((ulong)offset, request, CancellationToken.None);
            if (round > 0) Console.WriteLine($"{write} {clock.Stop(bytes)}"); // the first round warms up
        }
    }

    private readonly record struct Clock(long Began, TimeSpan Processor)
    {
        public static Clock Start() => new(Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);

        public string Stop(long bytes) => string.Create(
            CultureInfo.InvariantCulture,
            $"{bytes} {Stopwatch.GetElapsedTime(Began).TotalSeconds:F6} {(Environment.CpuUsage.TotalTime - Processor).TotalSeconds:F6}");
    }
}
