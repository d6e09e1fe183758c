namespace Bazil.Storage.Pacing;

/// <summary>Holds background work to a rate of bytes, measured from its start. For one worker.</summary>
/// <param name="clock">Of the waits.</param>
/// <param name="bytesPerSecondMax">0 for no limit.</param>
/// <param name="creditBytesMax">So much that was not used in time may be used later, for a worker that rests: the next bytes beyond it wait.</param>
public sealed class BytePace(TimeProvider clock, long bytesPerSecondMax, long creditBytesMax = long.MaxValue)
{
    /// <summary>Shorter waits are saved up: timers are no finer.</summary>
    private static readonly TimeSpan ShortestWait = TimeSpan.FromMilliseconds(20);

    private readonly long _start = clock.GetTimestamp();
    private double _seconds;

    /// <summary>Notes that so many bytes were read or written, and waits until more may be.</summary>
    public async ValueTask WaitAsync(long bytes, CancellationToken cancel)
    {
        if (bytesPerSecondMax == 0) return;
        _seconds = Math.Max(_seconds, clock.GetElapsedTime(_start).TotalSeconds - (creditBytesMax / (double)bytesPerSecondMax));
        _seconds += bytes / (double)bytesPerSecondMax;
        TimeSpan ahead = TimeSpan.FromSeconds(_seconds) - clock.GetElapsedTime(_start);
        if (ahead > ShortestWait) await Task.Delay(ahead, clock, cancel);
    }
}
