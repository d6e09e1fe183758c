namespace Bazil.Storage.Arena;

/// <summary>Limits a rate of bytes. For one worker.</summary>
internal sealed class Pace(TimeProvider clock, long bytesPerSecondMax)
{
    /// <summary>Shorter waits are saved up: timers are no finer.</summary>
    private static readonly TimeSpan _shortestWait = TimeSpan.FromMilliseconds(20);

    private readonly long _start = clock.GetTimestamp();
    private double _bytes;

    /// <summary>Waits until so many more bytes are due.</summary>
    public async ValueTask WaitAsync(long bytes, CancellationToken cancel)
    {
        _bytes += bytes;
        TimeSpan due = TimeSpan.FromSeconds(_bytes / bytesPerSecondMax) - clock.GetElapsedTime(_start);
        if (due > _shortestWait) await Task.Delay(due, clock, cancel);
    }
}
