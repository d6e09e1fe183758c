using System.Runtime.CompilerServices;
using Bazil.Testing;
using Bazil.Unix;

namespace Bazil.Fuse.Tests.Mounted;

public sealed class TutorialTests
{
    /// <summary>A compiler beside other tests on a small machine.</summary>
    private static readonly TimeSpan BuildLimit = TimeSpan.FromMinutes(5);

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
        Assert.InRange(ReadmeCode(readme).Sum(block => block.Split('\n').Count(line => line.Trim().Length > 0)), 1, 50);
    }

    [Fact]
    public async Task The_programs_of_the_README_build_and_mount()
    {
        Assert.SkipUnless(UnixUser.EffectiveUserId == 0, "mounts below a directory of root");
        var directory = Path.GetDirectoryName(Here())!;
        var root = Path.GetFullPath(Path.Combine(directory, "../../.."));
        using var project = new TempDirectory("bazil-hello-");
        Directory.CreateDirectory(project["mnt"]);
        var blocks = ReadmeCode(File.ReadAllText(Path.Combine(root, "src/Bazil.Fuse/README.md")));
        Assert.Equal(2, blocks.Length);
        File.WriteAllText(project["HelloFileSystem.cs"], blocks[0]);
        File.WriteAllText(project["Program.cs"], blocks[1].Replace("/mnt/hello", project["mnt"], StringComparison.Ordinal));
        // What was built for this test, so that the library is not built again below its feet.
        File.WriteAllText(project["hello.csproj"], $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <ImplicitUsings>enable</ImplicitUsings>
                <Nullable>enable</Nullable>
                <RestoreSources>{project.Path}</RestoreSources>
              </PropertyGroup>
              <ItemGroup>
                <Reference Include="{AppContext.BaseDirectory}Bazil.*.dll" Exclude="{AppContext.BaseDirectory}*Test*.dll" />
              </ItemGroup>
            </Project>
            """);
        using var build = Child.Start("/bin/sh", "-c", $"cd '{project.Path}' && dotnet build -v q --nologo -o out 2>&1");
        (await Child.FinishAsync(build, () => { }, BuildLimit)).Succeeded();
        using var daemon = Child.Start("/bin/sh", "-c", $"exec dotnet '{project["out/hello.dll"]}'");
        var output = await Child.RunAsync(
            () => Libc.Unmount(project["mnt"], Libc.MNT_DETACH),
            "/bin/sh",
            "-c",
            $"cd '{project.Path}'; for i in $(seq 300); do mountpoint -q mnt && break; sleep 0.1; done; cat mnt/hello; umount mnt");
        Assert.Equal("Hello, kernel!", output.Succeeded());
        await daemon.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, daemon.ExitCode);
    }

    /// <summary>The blocks of C# in a page, in order.</summary>
    private static string[] ReadmeCode(string readme) =>
        [.. readme.Split("```csharp\n").Skip(1).Select(block => block[..block.IndexOf("```", StringComparison.Ordinal)])];

    private static string Here([CallerFilePath] string path = "") => path;
}
