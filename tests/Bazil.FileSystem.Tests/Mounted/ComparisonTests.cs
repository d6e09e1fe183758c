using System.Globalization;
using Bazil.Testing;

namespace Bazil.FileSystem.Tests.Mounted;

/// <summary>
/// The same random system calls, as several users, on the mount and on an ordinary directory of this machine: results,
/// errnos, attributes, times and content are compared after each call. <c>BAZIL_STEPS</c> sets how many calls a seed makes.
/// </summary>
public class ComparisonTests(ITestOutputHelper output)
{
    private const int SeedCount = 6;
    private const string StepCount = "2500";

    [Fact]
    public void Every_call_gives_what_it_gives_on_an_ordinary_directory()
    {
        using var volume = new MountedVolume();
        volume.Start();
        string steps = Environment.GetEnvironmentVariable("BAZIL_STEPS") ?? StepCount;
        int first = Seed.Take(1).Value;
        for (int seed = first; seed < first + SeedCount; seed++)
        {
            string ordinary = Path.Combine(volume.Scratch, $"ordinary{seed}");
            using ChildProcess child = ChildProcess.Start(
                "posix-compare", seed.ToString(CultureInfo.InvariantCulture), steps, volume[$"c{seed}"], ordinary);
            string text = child.Output.ReadToEnd();
            child.WaitForExit();
            MountedVolume.Run("rm", "-rf", ordinary);
            output.WriteLine(text);
            Assert.True(child.ExitCode == 0, text);
        }

        volume.Stop();
    }
}
