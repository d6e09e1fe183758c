using System.Text.RegularExpressions;
using Bazil.FileSystem.Tests.Mounted;
using Bazil.Testing;

namespace Bazil.FileSystem.Tests.Sync;

/// <summary>The executable model of the design holds, and its scenarios notice when a rule is missing.</summary>
public sealed partial class ModelTests
{
    private static readonly string Model = Path.Combine(AppContext.BaseDirectory, "Model", "sync_model.py");

    [Fact]
    public void Model_passes_its_scenarios_and_random_histories()
    {
        int start = Seed.Take(1).Value;
        Assert.Contains("30 seeds, 0 failed", MountedVolume.Run("python3", "-B", Model, "--start", $"{start}", "--seeds", "30"));
    }

    [Theory]
    [InlineData("bury")]
    [InlineData("closure")]
    [InlineData("fresh-id")]
    [InlineData("gone-order")]
    [InlineData("horizon-travels")]
    [InlineData("keep-place")]
    [InlineData("lost-ref")]
    [InlineData("lost-tail")]
    [InlineData("purge-refs")]
    [InlineData("relink")]
    [InlineData("restamp")]
    [InlineData("revive")]
    [InlineData("siblings")]
    [InlineData("twins")]
    public void Model_fails_without_each_rule(string rule)
    {
        using var process = MountedVolume.StartProgram("python3", "-B", Model, "--without", rule, "--keep-going");
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(1, process.ExitCode);
        Assert.Matches(SomeFailed(), output);
    }

    [GeneratedRegex("scenarios, [1-9][0-9]* failed")]
    private static partial Regex SomeFailed();
}
