using System.Runtime.CompilerServices;

namespace Bazil.Fuse.Tests.Mounted;

public sealed class TutorialTests
{
    [Fact]
    public async Task The_file_system_of_the_README_works()
    {
        await using var mount = await TestMount.StartAsync(new HelloFileSystem());
        Assert.Equal("hello\nHello, kernel!", await mount.ShellAsync("ls; cat hello"));
        Assert.Contains("No such file", (await mount.TryShellAsync("cat other")).Errors);
    }

    [Fact]
    public void The_README_shows_the_code_that_is_tested()
    {
        var directory = Path.GetDirectoryName(Here())!;
        const string start = "internal sealed class HelloFileSystem";
        var code = File.ReadAllText(Path.Combine(directory, "HelloFileSystem.cs"));
        var readme = File.ReadAllText(Path.Combine(directory, "../../../src/Bazil.Fuse/README.md"));
        Assert.Contains(code[code.IndexOf(start, StringComparison.Ordinal)..].TrimEnd(), readme);
    }

    private static string Here([CallerFilePath] string path = "") => path;
}
