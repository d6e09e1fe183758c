using System.Diagnostics;

namespace Bazil.Testing;

/// <summary>
/// A <c>Bazil.TestChild</c> process: its standard input and output are pipes. Killed on dispose. The test project must
/// reference <c>Bazil.TestChild</c>, which puts it next to the test.
/// </summary>
public sealed class ChildProcess : IDisposable
{
    private readonly Process _process;

    private ChildProcess(Process process) => _process = process;

    public int Id => _process.Id;

    public StreamWriter Input => _process.StandardInput;

    public StreamReader Output => _process.StandardOutput;

    /// <summary>Of a process that has exited; 128 + n when signal n ended it.</summary>
    public int ExitCode => _process.ExitCode;

    public static ChildProcess Start(params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "Bazil.TestChild"), arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        return new ChildProcess(Process.Start(start) ?? throw new InvalidOperationException("the child did not start"));
    }

    /// <summary>SIGKILL: it gets no chance to do anything more. What it had written to its output can still be read.</summary>
    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    public void WaitForExit() => _process.WaitForExit();

    public void Dispose()
    {
        if (!_process.HasExited) Kill();
        _process.Dispose();
    }
}
