using System.Diagnostics;
using Bazil.Testing;
using Bazil.Testing.PowerCut;

namespace Bazil.FileSystem.Tests.Mounted;

/// <summary>
/// The daemon is killed, or its disk loses power, while programs write. They note outside of the mount what was closed and
/// what was fsynced; afterwards that must be there, and nothing else than what somebody wrote.
/// </summary>
public class CrashTests(ITestOutputHelper output)
{
    private const int WriterCount = 2;

    [Fact]
    public async Task Killed_daemon_loses_nothing_that_was_closed()
    {
        Seed seed = Seed.Take(1);
        Random random = seed.CreateRandom();
        using var volume = new MountedVolume();
        for (int round = 0; round < 4; round++)
        {
            volume.Start();
            string[] logs = Prepare(volume, round);
            Process[] writers = StartWriters(volume, round, logs, random);
            await LinesAsync(logs, random.Next(100, 600));
            volume.Kill();
            await EndAsync(writers);
            volume.Start();
            output.WriteLine($"round {round}: {Check(volume, round, logs, "closed", seed)}");
            volume.Stop();
        }
    }

    [Fact]
    public async Task Power_cut_loses_nothing_that_was_fsynced()
    {
        Seed seed = Seed.Take(1);
        Random random = seed.CreateRandom();
        using PowerCutDisk? disk = PowerCutDisk.TryCreate(1L << 30, out string reason);
        Assert.SkipWhen(disk is null, reason);
        using var volume = new MountedVolume(Path.Combine(disk.Path, "data"));
        for (int round = 0; round < 4; round++)
        {
            volume.Start();
            string[] logs = Prepare(volume, round);
            Process[] writers = StartWriters(volume, round, logs, random);
            await LinesAsync(logs, random.Next(100, 400));
            disk.Shutdown();
            await EndAsync(writers);
            volume.Kill();
            disk.Remount();
            volume.Start();
            output.WriteLine($"round {round}: {Check(volume, round, logs, "synced", seed)}");
            volume.Stop();
        }
    }

    private static string[] Prepare(MountedVolume volume, int round)
    {
        MountedVolume.Run("mkdir", volume[$"r{round}"]);
        MountedVolume.Run("sync", volume[$"r{round}"]);
        return [.. Enumerable.Range(0, WriterCount).Select(writer => Path.Combine(volume.Scratch, $"log-{round}-{writer}"))];
    }

    private static Process[] StartWriters(MountedVolume volume, int round, string[] logs, Random random) =>
        [.. logs.Select((log, worker) => MountedVolume.StartProgram(
            "python3", "-B", MountedVolume.CasePath("crash.py"), "write", $"{random.Next()}", volume[$"r{round}"], log, $"{worker}"))];

    /// <summary>Waits until so many lines stand in the logs.</summary>
    private static async Task LinesAsync(string[] logs, int count)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        var watch = Stopwatch.StartNew();
        while (logs.Sum(log => File.Exists(log) ? File.ReadAllBytes(log).Count(character => character == '\n') : 0) < count)
        {
            Assert.True(watch.Elapsed < TimeSpan.FromMinutes(1), "the writers do not get on");
            await timer.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        }
    }

    /// <summary>A writer ends at its first error; one that waits for a dead disk is killed.</summary>
    private static async Task EndAsync(Process[] writers)
    {
        foreach (Process writer in writers)
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(5));
            try
            {
                await writer.WaitForExitAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                writer.Kill();
            }

            writer.Dispose();
        }
    }

    private static string Check(MountedVolume volume, int round, string[] logs, string level, Seed seed)
    {
        try
        {
            return MountedVolume.Run("python3", ["-B", MountedVolume.CasePath("crash.py"), "check", volume[$"r{round}"], .. logs, "--", level]).Trim();
        }
        catch (Exception exception) when (exception is Xunit.Sdk.IAssertionException)
        {
            throw new InvalidOperationException($"round {round}, {seed}: {exception.Message}", exception);
        }
    }
}
