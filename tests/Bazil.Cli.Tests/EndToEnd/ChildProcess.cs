using System.Diagnostics;
using System.Text;

namespace Bazil.Cli.Tests.EndToEnd;

/// <summary>A program that is run to its end, with a time limit: whoever touches a mount may hang.</summary>
internal static class ChildProcess
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    public sealed record Result(int Code, string Output, string Error, TimeSpan Took);

    public static async Task<Result> RunAsync(ProcessStartInfo start, byte[]? input, CancellationToken cancel)
    {
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        var watch = Stopwatch.StartNew();
        using var process = Process.Start(start)!;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(Limit);
        Task<string> output = process.StandardOutput.ReadToEndAsync(limit.Token);
        Task<string> error = process.StandardError.ReadToEndAsync(limit.Token);
        try
        {
            try
            {
                await process.StandardInput.BaseStream.WriteAsync(input ?? [], limit.Token);
                process.StandardInput.Close();
            }
            catch (IOException)
            {
                // It ended without reading its input; its exit code tells the rest.
            }

            await process.WaitForExitAsync(limit.Token);
            return new Result(process.ExitCode, await output, await error, watch.Elapsed);
        }
        catch (OperationCanceledException e) when (!cancel.IsCancellationRequested)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"\"{start.FileName} {string.Join(' ', start.ArgumentList)}\" did not end within {Limit}", e);
        }
    }

    /// <summary>Runs a shell command.</summary>
    public static Task<Result> ShellAsync(string command, string directory, CancellationToken cancel)
    {
        var start = new ProcessStartInfo("/bin/bash") { WorkingDirectory = directory };
        start.ArgumentList.Add("-euo");
        start.ArgumentList.Add("pipefail");
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add(command);
        return RunAsync(start, null, cancel);
    }

    /// <summary>Sends a signal, named as in kill(1).</summary>
    public static async Task SignalAsync(int processId, string signal, CancellationToken cancel)
    {
        Result result = await ShellAsync($"kill -{signal} {processId}", "/", cancel);
        Assert.True(result.Code == 0, result.Error);
    }

    /// <summary>The result as text, for failure messages.</summary>
    public static string Describe(Result result) =>
        new StringBuilder().Append($"exit code {result.Code} after {result.Took}\n").Append(result.Output).Append(result.Error).ToString();
}
