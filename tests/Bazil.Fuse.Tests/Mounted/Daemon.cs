using System.Diagnostics;
using Bazil.Fuse.Examples;

namespace Bazil.Fuse.Tests.Mounted;

/// <summary>The memory file system in a process of its own, for what a test cannot do to itself.</summary>
internal static class Daemon
{
    internal static string Program => typeof(MemoryFileSystem).Assembly.Location;

    /// <summary>The program that runs us: this test is started by its own executable, so the environment tells.</summary>
    internal static string Host { get; } = FindHost();

    internal static async Task<Process> StartAsync(string program, params string[] arguments)
    {
        var daemon = Child.Start(program, arguments);
        var line = await daemon.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(60));
        if (line?.StartsWith("mounted at ", StringComparison.Ordinal) == true) return daemon;
        var errors = await daemon.StandardError.ReadToEndAsync();
        daemon.Kill(entireProcessTree: true);
        throw new InvalidOperationException($"the daemon did not mount: {line} {errors}");
    }

    private static string FindHost()
    {
        // The shared runtime lies at <root>/shared/Microsoft.NETCore.App/<version>/.
        var runtime = Path.GetDirectoryName(typeof(object).Assembly.Location)!;
        return Path.GetFullPath(Path.Combine(runtime, "../../../dotnet"));
    }
}
