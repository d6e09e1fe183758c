using System.Diagnostics;

namespace Bazil.Fuse.Tests.Mounted;

/// <summary>
/// Runs programs that use a mount. This process serves the mount, so it must never touch it itself. Everything has a time limit: what
/// hangs is cut loose by force and fails the test.
/// </summary>
internal static class Child
{
    /// <summary>The distribution's own; it has os.setxattr and needs no set-up.</summary>
    internal const string Python = "/usr/bin/python3";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    internal static Process Start(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            WorkingDirectory = "/",
        };
        return Process.Start(start)!;
    }

    internal static async Task<ChildResult> FinishAsync(Process child, Action cutLoose, TimeSpan? limit = null)
    {
        var output = child.StandardOutput.ReadToEndAsync();
        var errors = child.StandardError.ReadToEndAsync();
        try
        {
            await child.WaitForExitAsync().WaitAsync(limit ?? Limit);
        }
        catch (TimeoutException)
        {
            child.Kill(entireProcessTree: true);
            cutLoose();
            throw;
        }

        return new ChildResult(child.ExitCode, await output, await errors);
    }

    internal static async Task<ChildResult> RunAsync(Action cutLoose, string program, params string[] arguments)
    {
        using var child = Start(program, arguments);
        child.StandardInput.Close();
        return await FinishAsync(child, cutLoose);
    }
}
