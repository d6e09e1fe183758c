namespace Bazil.FileSystem.Tests.Mounted;

/// <summary>Real programs at work on a mount, which is stopped and started half way (<c>Cases/programs.py</c>).</summary>
public class ProgramTests
{
    [Theory]
    [InlineData("git", "git_begins", "git_goes_on")]
    [InlineData("gcc", "make_begins", "make_goes_on")]
    [InlineData("python3", "sqlite_begins", "sqlite_goes_on")]
    [InlineData("tar", "tools_begin", "tools_go_on")]
    public void Program_works_and_goes_on_after_a_restart(string program, string begins, string goesOn)
    {
        string[] places = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':');
        Assert.SkipUnless(places.Any(place => File.Exists(Path.Combine(place, program))), $"{program} is not installed: scripts/setup --tests");
        using var volume = new MountedVolume();
        volume.Start();
        Run(volume, begins, program);
        volume.Stop();
        volume.Start();
        Run(volume, goesOn, program);
        volume.Stop();
    }

    private static void Run(MountedVolume volume, string part, string directory) =>
        MountedVolume.Run("python3", "-B", MountedVolume.CasePath("case.py"), MountedVolume.CasePath("programs.py"), part, volume[directory], "again");
}
