namespace Bazil.Fuse.Tests.Mounted;

/// <summary>How a child process ended and what it said.</summary>
internal sealed record ChildResult(int ExitCode, string Output, string Errors)
{
    /// <summary>The output, of a child that must have succeeded.</summary>
    internal string Succeeded()
    {
        Assert.True(ExitCode == 0, $"exit {ExitCode}: {Errors}\n{Output}");
        return Output.TrimEnd('\n');
    }
}
