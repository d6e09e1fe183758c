using System.ComponentModel;
using System.Diagnostics;
using Bazil.Server.Errors;

namespace Bazil.Cli.Merging;

/// <summary>Programs that compare and merge, run by this program and never by the server.</summary>
internal static class ChildProgram
{
    /// <summary>Runs a program at the terminal of this one and returns its exit code. What it prints is the result of the command.</summary>
    /// <exception cref="CommandFailedException">There is no such program.</exception>
    public static async Task<int> RunAsync(CliEnvironment environment, IReadOnlyList<string> command, IReadOnlyDictionary<string, string> variables, bool capturesOutput, CancellationToken cancel)
    {
        var start = new ProcessStartInfo(command[0]) { WorkingDirectory = environment.CurrentDirectory, RedirectStandardOutput = capturesOutput };
        foreach (string argument in command.Skip(1)) start.ArgumentList.Add(argument);
        foreach ((string name, string value) in variables) start.Environment[name] = value;
        try
        {
            using Process process = Process.Start(start)!;
            if (capturesOutput) await environment.Output.WriteAsync(await process.StandardOutput.ReadToEndAsync(cancel));
            await process.WaitForExitAsync(cancel);
            return process.ExitCode;
        }
        catch (Win32Exception e)
        {
            throw new CommandFailedException(ErrorKind.Failed, $"{command[0]} could not be run: {e.Message}", "install it, or name another program", e);
        }
    }
}
