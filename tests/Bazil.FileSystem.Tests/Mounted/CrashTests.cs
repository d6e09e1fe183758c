using System.Diagnostics;
using System.Globalization;
using Bazil.Testing;
using Bazil.Testing.PowerCut;

namespace Bazil.FileSystem.Tests.Mounted;

/// <summary>
/// The daemon is killed, or its disk loses power, while programs write. They note outside of the mount what they do, what was closed and
/// what was fsynced; afterwards that must be there, as the state after some step of each history, and nothing else than what somebody wrote.
/// <c>BAZIL_CRASH_ROUNDS</c> sets how often.
/// </summary>
public class CrashTests(ITestOutputHelper output)
{
    private const int WriterCount = 1;
    private const int HistoryCount = 2;
    private static readonly int RoundCount = int.Parse(Environment.GetEnvironmentVariable("BAZIL_CRASH_ROUNDS") ?? "10", CultureInfo.InvariantCulture);

    [Fact]
    public async Task Killed_daemon_loses_nothing_that_was_closed()
    {
        Seed seed = Seed.Take(1);
        using var volume = new MountedVolume();
        volume.Start();
        int patched = 0;
        for (int number = seed.Value; number < seed.Value + RoundCount; number++)
        {
            var round = new Round(volume, number);
            await round.RunAsync(new Random(number).Next(150, 700));
            volume.Kill();
            await round.EndAsync();
            volume.Start();
            patched += volume.PatchedCount;
            output.WriteLine(round.Check("killed"));
        }

        volume.Stop();
        AssertPatched(patched);
    }

    [Fact]
    public async Task Power_cut_loses_nothing_that_was_fsynced()
    {
        Seed seed = Seed.Take(1);
        using PowerCutDisk? disk = PowerCutDisk.TryCreate(2L << 30, out string reason);
        Assert.SkipWhen(disk is null, reason);
        string data = Path.Combine(disk.Path, "data");
        using var volume = new MountedVolume(data);
        volume.Start();
        int patched = 0;
        for (int number = seed.Value; number < seed.Value + RoundCount; number++)
        {
            var round = new Round(volume, number);
            await using (new EarlyWriteBack(data, number))
            {
                await round.RunAsync(new Random(number).Next(150, 700));
                round.PowerFails();
                disk.Shutdown();
            }

            await round.EndAsync();
            volume.Kill();
            disk.Remount();
            volume.Start();
            patched += volume.PatchedCount;
            output.WriteLine(round.Check("cut"));
        }

        volume.Stop();
        AssertPatched(patched);
    }

    /// <summary>Small synced changes that were not published yet must be among what crashes meet.</summary>
    private void AssertPatched(int count)
    {
        output.WriteLine($"{count} files went on with synced changes that were not published");
        Assert.True(count > 0 || RoundCount < 5, "no crash met a small synced change");
    }

    /// <summary>Programs that write from the start of a round to the crash, each in a directory of its own, and what they noted.</summary>
    private sealed class Round
    {
        private readonly MountedVolume _volume;
        private readonly int _number;
        private readonly List<Process> _programs = [];
        private readonly string[] _logs;
        private long[]? _believed;

        public Round(MountedVolume volume, int number)
        {
            _volume = volume;
            _number = number;
            _logs = [.. Enumerable.Range(0, WriterCount + HistoryCount).Select(worker => Path.Combine(volume.Scratch, $"log-{number}-{worker}"))];
            MountedVolume.Run("rm", "-rf", DirectoryOf(number - 2, 0), DirectoryOf(number - 2, 1), DirectoryOf(number - 2, 2));
            for (int worker = 0; worker < _logs.Length; worker++) MountedVolume.Run("mkdir", DirectoryOf(number, worker));
            MountedVolume.Run("sync", volume.MountPoint);
        }

        private string Digests => Path.Combine(_volume.Scratch, "digests");

        /// <summary>Starts the programs and waits until they have done so much.</summary>
        public async Task RunAsync(int lines)
        {
            // The writers of versions sync most of the time, and with their own all that the others do: not in every round.
            for (int worker = _number % 2 == 0 ? WriterCount : 0; worker < _logs.Length; worker++)
            {
                string seed = $"{(_number * 100) + worker}";
                _programs.Add(worker < WriterCount
                    ? MountedVolume.StartProgram("python3", "-B", MountedVolume.CasePath("crash.py"), "write", seed, DirectoryOf(_number, worker), _logs[worker], $"{worker}")
                    : MountedVolume.StartProgram("python3", "-B", MountedVolume.CasePath("history.py"), "write", seed, DirectoryOf(_number, worker), _logs[worker]));
            }

            using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
            var watch = Stopwatch.StartNew();
            while (_logs.Sum(log => File.Exists(log) ? File.ReadAllBytes(log).Count(character => character == '\n') : 0) < lines)
            {
                // A program ends when the daemon does, and not before.
                Assert.All(_programs, static program => Assert.False(program.HasExited, "a program ended before the crash; its log says why"));
                Assert.True(watch.Elapsed < TimeSpan.FromMinutes(1), "the programs do not get on");
                await timer.WaitForNextTickAsync(TestContext.Current.CancellationToken);
            }
        }

        /// <summary>From now on syncs are not believed: one that is under way when an ext4 is shut down may return success though nothing was written.</summary>
        public void PowerFails() => _believed = [.. _logs.Select(static log => File.Exists(log) ? new FileInfo(log).Length : 0)];

        /// <summary>A program ends at its first error; one that waits for a dead disk is killed.</summary>
        public async Task EndAsync()
        {
            foreach (Process program in _programs)
            {
                using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(5));
                try
                {
                    await program.WaitForExitAsync(limit.Token);
                }
                catch (OperationCanceledException)
                {
                    program.Kill();
                }

                program.Dispose();
            }
        }

        /// <param name="kind">killed or cut.</param>
        public string Check(string kind)
        {
            try
            {
                string level = kind == "killed" ? "closed" : "synced";
                string written = !File.Exists(_logs[0]) ? "no versions" : MountedVolume.Run("python3", ["-B", MountedVolume.CasePath("crash.py"), "check", DirectoryOf(_number, 0), LogOf(0), "--", level]).Trim();
                IEnumerable<string> pairs = Enumerable.Range(WriterCount, HistoryCount).SelectMany(worker => (string[])[LogOf(worker), DirectoryOf(_number, worker)]);
                string histories = MountedVolume.Run("python3", ["-B", MountedVolume.CasePath("history.py"), "check", kind, _volume.MountPoint, Digests, .. pairs]).Trim();
                return $"{new Seed(_number)}: {histories}; {written}";
            }
            catch (Exception exception) when (exception is Xunit.Sdk.IAssertionException)
            {
                throw new InvalidOperationException($"{new Seed(_number)}, {kind}: {exception.Message}", exception);
            }
        }

        private string LogOf(int worker) => _believed is null ? _logs[worker] : $"{_logs[worker]}@{_believed[worker]}";

        private string DirectoryOf(int round, int worker) => _volume[$"r{round}-{worker}"];
    }
}
