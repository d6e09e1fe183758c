using System.Buffers.Binary;
using Bazil.Fuse.Kernel;
using Bazil.Fuse.Tests.Session;

namespace Bazil.Fuse.Fuzz;

/// <summary>Feeds damaged requests to the dispatcher over the memory file system, one thread's share of them.</summary>
internal sealed class FuzzRun(int seed)
{
    /// <summary>After this many the file system starts anew, so that it stays small.</summary>
    private const int InputsPerFileSystem = 20_000;

    // In struct fuse_in_header.
    private const int OpcodeOffset = 4;
    private const int UniqueOffset = 8;

    private static readonly TimeSpan InterruptTime = TimeSpan.FromSeconds(30);

    /// <summary>Inputs that were answered.</summary>
    internal long Answered { get; private set; }

    /// <summary>Log lines, one for each request that was found to be malformed.</summary>
    internal long Refused { get; private set; }

    /// <summary>What is wrong with the library, or null.</summary>
    internal string? Feed(long inputs, CancellationToken cancellationToken)
    {
        var mutator = new Mutator(new Random(seed));
        for (long done = 0; done < inputs && !cancellationToken.IsCancellationRequested; done += InputsPerFileSystem)
        {
            using var harness = new DispatcherHarness();
            harness.Channel.CountOnly = true;
            for (var i = 0; i < Math.Min(InputsPerFileSystem, inputs - done); i++)
            {
                if (Feed(harness, mutator.Next()) is { } problem) return $"seed {seed}, input {done + i}: {problem}";
            }
        }

        return null;
    }

    private static bool EndsByInterrupt(DispatcherHarness harness, ReadOnlySpan<byte> waiting)
    {
        if (BinaryPrimitives.ReadUInt32LittleEndian(waiting[OpcodeOffset..]) != (uint)Opcode.SetLockWait) return false;
        var unique = BinaryPrimitives.ReadUInt64LittleEndian(waiting[UniqueOffset..]);
        var interrupt = RequestBytes.Make(Opcode.Interrupt, unique | 1, 0, RequestBytes.Bytes(unique));
        return harness.Feed(interrupt) && SpinWait.SpinUntil(() => harness.Dispatcher.InFlight.Count == 0, InterruptTime);
    }

    private string? Feed(DispatcherHarness harness, ReadOnlySpan<byte> input)
    {
        var before = harness.Channel.Count;
        try
        {
            // The memory file system answers everything at once, but for locks that others hold: an interrupt ends the wait for one.
            if (!harness.Feed(input) && !EndsByInterrupt(harness, input)) return $"not finished: {Convert.ToHexString(input)}";
        }
        catch (Exception exception) // Nothing the kernel sends may throw: the thread that reads requests would end.
        {
            return $"{exception}\n{Convert.ToHexString(input)}";
        }

        var replies = harness.Channel.Count - before;
        if (replies > 1) return $"{replies} answers: {Convert.ToHexString(input)}";
        Answered += replies;
        if (harness.Log.Count == 0) return null;
        Refused += harness.Log.Count;
        var failure = harness.Log.Find(line => line.Contains("failed", StringComparison.Ordinal));
        harness.Log.Clear();
        return failure is null ? null : $"{failure}\n{Convert.ToHexString(input)}";
    }
}
