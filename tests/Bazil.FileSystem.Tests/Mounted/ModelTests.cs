using Bazil.Testing;

namespace Bazil.FileSystem.Tests.Mounted;

/// <summary>Random operations on the mount and on an ordinary directory of this machine, compared after each step.</summary>
public class ModelTests(ITestOutputHelper output)
{
    private const int StepCount = 500;

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

    private static string Compare(MountedVolume volume, int seed, params IEnumerable<string> options) =>
        MountedVolume.Run(
            "python3",
            ["-B", MountedVolume.CasePath("model.py"), $"{seed}", $"{StepCount}", volume[$"m{seed}"], Path.Combine(volume.Scratch, $"ordinary{seed}"), .. options]);
}
