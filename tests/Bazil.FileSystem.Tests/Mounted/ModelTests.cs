using Bazil.Testing;

namespace Bazil.FileSystem.Tests.Mounted;

/// <summary>Random operations on the mount and on an ordinary directory of this machine, compared after each step.</summary>
public class ModelTests(ITestOutputHelper output)
{
    private const int StepCount = 500;
    private const int RoundCount = 400;

    [Fact]
    public void Mount_gives_the_results_of_an_ordinary_directory_also_after_a_restart()
    {
        using var volume = new MountedVolume();
        volume.Start();
        int first = Seed.Take(1).Value;
        for (int seed = first; seed < first + 4; seed++)
        {
            output.WriteLine($"BAZIL_SEED={seed}: {Compare(volume, seed).Trim()}");
        }

        volume.Stop();
        volume.Start();
        for (int seed = first; seed < first + 4; seed++) Compare(volume, seed, "compare");
    }

    /// <summary>What several threads do at once must be explained by some order of their calls, in a plain model; so it is on an ordinary directory.</summary>
    [Fact]
    public void What_threads_do_at_once_is_what_they_do_in_some_order_also_after_a_restart()
    {
        using var volume = new MountedVolume();
        volume.Start();
        int seed = Seed.Take(2).Value;
        output.WriteLine($"BAZIL_SEED={seed}: {RunThreads(seed, volume["threads"]).Trim()}");
        RunThreads(seed, Path.Combine(volume.Scratch, "threads"));
        volume.Stop();
        volume.Start();
        RunThreads(seed, volume["threads"], "compare");
    }

    private static string RunThreads(int seed, string directory, params IEnumerable<string> options) =>
        MountedVolume.Run("python3", ["-B", MountedVolume.CasePath("threads.py"), $"{seed}", Environment.GetEnvironmentVariable("BAZIL_ROUNDS") ?? $"{RoundCount}", directory, .. options]);

    private static string Compare(MountedVolume volume, int seed, params IEnumerable<string> options) =>
        MountedVolume.Run(
            "python3",
            ["-B", MountedVolume.CasePath("model.py"), $"{seed}", $"{StepCount}", volume[$"m{seed}"], Path.Combine(volume.Scratch, $"ordinary{seed}"), .. options]);
}
