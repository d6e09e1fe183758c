namespace Bazil.Cli.Output;

/// <summary>How far a long call to the server is, in one line that is written over and over.</summary>
internal static class ProgressLine
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>Waits for a call, and on a terminal asks every second how far it is.</summary>
    /// <param name="call">What is waited for.</param>
    /// <param name="askAsync">Gives the line to show; null when there is nothing to tell yet.</param>
    public static async Task<T> WaitAsync<T>(CliEnvironment environment, Task<T> call, Func<Task<string?>> askAsync, CancellationToken cancel)
    {
        if (!environment.OutputIsTerminal) return await call;
        using var timer = new PeriodicTimer(Interval);
        bool isShown = false;
        while (await Task.WhenAny(call, timer.WaitForNextTickAsync(cancel).AsTask()) != call)
        {
            if (await askAsync() is not { } line) continue;
            await environment.Error.WriteAsync($"\r{line} ");
            isShown = true;
        }

        if (isShown) await environment.Error.WriteLineAsync();
        return await call;
    }
}
