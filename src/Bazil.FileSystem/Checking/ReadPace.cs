namespace Bazil.FileSystem.Checking;

/// <summary>Holds a reader to a rate, measured from its start. Not for concurrent use.</summary>
internal sealed class ReadPace(TimeProvider clock, long bytesPerSecondMax)
{
    private readonly long _start = clock.GetTimestamp();
    private double _seconds;

    /// <summary>Waits until so much may have been read.</summary>
    public async ValueTask WaitAsync(long bytes, CancellationToken cancel)
    {
        if (bytesPerSecondMax == 0 || bytes == 0) return;
        _seconds += bytes / (double)bytesPerSecondMax;
        double ahead = _seconds - clock.GetElapsedTime(_start).TotalSeconds;
        if (ahead > 0) await Task.Delay(TimeSpan.FromSeconds(ahead), clock, cancel);
    }
}
