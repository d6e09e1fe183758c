using System.Diagnostics;
using System.Globalization;
using Bazil.Testing;

namespace Bazil.FileSystem.Tests.Simulation.Seeded;

/// <summary>
/// 2 to 7 machines with their disks, clocks and network from one seed, all steps in an order of the seed's. A failure prints its seed;
/// <c>BAZIL_SEED</c> runs that one alone and shows what happened; <c>BAZIL_SEEDS</c> sets how many. Each seed is run twice, with equal traces.
/// </summary>
public sealed class SimulationTests
{
    private const int FewSeeds = 150;

    [Fact]
    public void Machines_lose_nothing_and_agree_whatever_fails()
    {
        int first = Seed.Take(1).Value;
        bool isSingle = Environment.GetEnvironmentVariable("BAZIL_SEED") is { Length: > 0 } && Environment.GetEnvironmentVariable("BAZIL_SEEDS") is null;
        int count = isSingle ? 1 : int.Parse(Environment.GetEnvironmentVariable("BAZIL_SEEDS") ?? $"{FewSeeds}", CultureInfo.InvariantCulture);
        bool keepsGoing = Environment.GetEnvironmentVariable("BAZIL_KEEP_GOING") is { Length: > 0 };
        int contents = 0, failed = 0;
        ulong all = 0;
        long started = Stopwatch.GetTimestamp();
        for (int seed = first; seed < first + count; seed++)
        {
            try
            {
                SimulatedRun run = SimulatedRun.Run(seed, isSingle), again = SimulatedRun.Run(seed, isSingle);
                if (isSingle) TestContext.Current.TestOutputHelper?.WriteLine(string.Join('\n', run.Trace.Lines));
                Assert.True(run.Trace.Hash == again.Trace.Hash, $"BAZIL_SEED={seed}: two runs differ");
                contents += run.ContentCount;
                all = unchecked((all * 31) + run.Trace.Hash);
            }
            catch (Exception e) when (keepsGoing)
            {
                failed++;
                Report($"FAILED {string.Join(' ', e.Message.Split('\n').Take(4))}");
            }

            if ((seed - first) % 1000 == 999) Report($"{seed - first + 1} seeds from {first}, {failed} failed, {Stopwatch.GetElapsedTime(started).TotalSeconds:F0} s, traces {all:x16}");
        }

        Report($"{count} seeds from {first}, {failed} failed, {contents} contents, {Stopwatch.GetElapsedTime(started).TotalSeconds:F0} s, traces {all:x16}");
        Assert.Equal(0, failed);
        if (!isSingle) Assert.True(contents > count, "nothing was tried");
    }

    private static void Report(string line) => TestContext.Current.TestOutputHelper?.WriteLine(line);
}
