using System.Diagnostics;
using Bazil.Testing;

namespace Bazil.Fuse.Tests.Mounted;

/// <summary>A block device over a file of zeros. Needs root.</summary>
internal sealed class LoopDevice : IDisposable
{
    private readonly TempDirectory _directory = new("bazil-loop-");

    internal LoopDevice(long bytes)
    {
        var image = _directory["image"];
        using (var file = File.Create(image)) file.SetLength(bytes);
        Path = Run("--find", "--show", image);
    }

    internal string Path { get; }

    public void Dispose()
    {
        Run("--detach", Path);
        _directory.Dispose();
    }

    private static string Run(params string[] arguments)
    {
        var start = new ProcessStartInfo("/sbin/losetup", arguments) { UseShellExecute = false, RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEnd().Trim();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return output;
    }
}
