namespace Bazil.Storage.Collection;

/// <summary>
/// Keeps background work from taking the machine for itself: after each slice of work it rests for so many times what the slice took.
/// One user at a time.
/// </summary>
public class Pace(TimeProvider clock, double restPerWork)
{
    /// <summary>Long enough that resting costs little, short enough that nobody notices the work.</summary>
    private static readonly TimeSpan Slice = TimeSpan.FromMilliseconds(20);

    private long _started = clock.GetTimestamp();

    /// <summary>For work that somebody waits for.</summary>
    public static Pace Full { get; } = new(TimeProvider.System, 0);

    /// <summary>Called between steps of work.</summary>
    public virtual async ValueTask StepAsync(CancellationToken cancel)
    {
        if (restPerWork <= 0) return;
        TimeSpan worked = clock.GetElapsedTime(_started);
        if (worked < Slice) return;
        await Task.Delay(worked * restPerWork, clock, cancel);
        _started = clock.GetTimestamp();
    }
}
