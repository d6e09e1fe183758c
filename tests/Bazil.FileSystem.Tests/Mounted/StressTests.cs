namespace Bazil.FileSystem.Tests.Mounted;

/// <summary>
/// All of stress-ng's file system stressors at once, and fio, both verifying, on a mount that is stopped and killed in between.
/// <c>scripts/soak volume</c> does it for long.
/// </summary>
public class StressTests
{
    [Fact]
    public void Stressors_find_no_error_and_verified_files_outlive_restarts()
    {
        string[] places = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':');
        foreach (string program in (string[])["stress-ng", "fio"])
        {
            Assert.SkipUnless(places.Any(place => File.Exists(Path.Combine(place, program))), $"{program} is not installed: scripts/setup --tests");
        }

        using var volume = new MountedVolume();
        volume.Start();
        Run(volume, "stress", "write");
        volume.Stop();
        volume.Start();
        Run(volume, "check", "write");
        volume.Kill();
        volume.Start();
        Run(volume, "check", "verify");
        volume.Stop();
    }

    private static void Run(MountedVolume volume, params IEnumerable<string> steps) =>
        MountedVolume.Run("python3", ["-B", MountedVolume.CasePath("stress.py"), volume.MountPoint, "1", .. steps]);
}
