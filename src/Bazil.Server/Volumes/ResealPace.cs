namespace Bazil.Server.Volumes;

/// <summary>Holds background work to a rate: whoever is ahead of it waits. For one worker.</summary>
internal sealed class ResealPace(long bytesPerSecond, TimeProvider time)
{
    private static readonly TimeSpan ShortestWait = TimeSpan.FromMilliseconds(20);

    private readonly long _started = time.GetTimestamp();
    private long _spentBytes;

    /// <summary>Notes that so many bytes were written; returns when more may be.</summary>
    public async ValueTask SpendAsync(int bytes, CancellationToken cancel)
    {
        _spentBytes += bytes;
        TimeSpan ahead = TimeSpan.FromSeconds((double)_spentBytes / bytesPerSecond) - time.GetElapsedTime(_started);
        if (ahead > ShortestWait) await Task.Delay(ahead, time, cancel);
    }
}
