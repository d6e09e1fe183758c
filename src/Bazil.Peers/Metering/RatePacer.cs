namespace Bazil.Peers.Metering;

/// <summary>
/// Spreads bytes of one direction over time. Each piece waits until those before it have had their time; metadata waits for metadata only, and what
/// it takes is missing to content. No credit is saved up while nothing goes. Concurrent.
/// </summary>
internal sealed class RatePacer(TimeProvider time)
{
    private readonly Lock _lock = new(); // guards both times; calls nothing outside
    private readonly long _start = time.GetTimestamp(); // a clock that is set back must not hold anything up
    private TimeSpan _metadataNext;
    private TimeSpan _contentNext;

    /// <summary>Waits until so many bytes may go.</summary>
    /// <param name="bytes">What is about to go, or has just come.</param>
    /// <param name="bytesPerSecond">The limit of this moment; null for none.</param>
    /// <param name="kind">What it is.</param>
    /// <param name="cancel">Ends the wait; the bytes count as gone.</param>
    public ValueTask PassAsync(int bytes, long? bytesPerSecond, TrafficKind kind, CancellationToken cancel)
    {
        if (bytesPerSecond is not { } rate) return ValueTask.CompletedTask;
        TimeSpan taken = TimeSpan.FromSeconds((double)bytes / Math.Max(rate, RateLimits.BytesPerSecondMin));
        TimeSpan wait;
        lock (_lock)
        {
            TimeSpan now = time.GetElapsedTime(_start);
            if (kind == TrafficKind.Metadata)
            {
                TimeSpan start = Latest(now, _metadataNext);
                _metadataNext = start + taken;
                _contentNext = Latest(now, _contentNext) + taken;
                wait = start - now;
            }
            else
            {
                TimeSpan start = Latest(now, _contentNext);
                _contentNext = start + taken;
                wait = start - now;
            }
        }

        return wait <= TimeSpan.Zero ? ValueTask.CompletedTask : new ValueTask(Task.Delay(wait, time, cancel));
    }

    private static TimeSpan Latest(TimeSpan a, TimeSpan b) => a > b ? a : b;
}
