using Bazil.FileSystem.Sync;

namespace Bazil.Server.Sync;

/// <summary>Counts the bytes of one transfer at a time, and how far it is. Concurrent.</summary>
internal sealed class TransferMeter
{
    private static readonly TimeSpan RemainingMax = TimeSpan.FromDays(365); // a peer says how much there is

    private readonly Lock _lock = new(); // guards the progress; calls nothing
    private PullProgress _progress;
    private long _begun;
    private long _bytes;

    /// <summary>True while something is transferred.</summary>
    public bool IsRunning => Volatile.Read(ref _begun) != 0;

    public long Bytes => Volatile.Read(ref _bytes);

    public PullProgress Progress
    {
        get
        {
            lock (_lock) return _progress;
        }

        set
        {
            lock (_lock) _progress = value;
        }
    }

    /// <summary>How much longer it takes if it goes on like this; null when nothing is transferred, or nobody said how much it is.</summary>
    public TimeSpan? Remaining(TimeProvider time)
    {
        long begun = Volatile.Read(ref _begun);
        PullProgress progress = Progress;
        if (begun == 0 || progress.Merged == 0 || progress.Expected <= progress.Merged) return null;
        double seconds = time.GetElapsedTime(begun).TotalSeconds * ((progress.Expected - progress.Merged) / (double)progress.Merged);
        return seconds < RemainingMax.TotalSeconds ? TimeSpan.FromSeconds(seconds) : null;
    }

    public void Begin(long timestamp)
    {
        Progress = default;
        Volatile.Write(ref _bytes, 0);
        Volatile.Write(ref _begun, Math.Max(1, timestamp));
    }

    public void Add(int bytes) => Interlocked.Add(ref _bytes, bytes);

    public void End() => Volatile.Write(ref _begun, 0);

    /// <summary>Bytes a second since it began; null when nothing is transferred or it has just begun.</summary>
    public double? Rate(TimeProvider time)
    {
        long begun = Volatile.Read(ref _begun);
        double seconds = begun == 0 ? 0 : time.GetElapsedTime(begun).TotalSeconds;
        return seconds > 0 ? Bytes / seconds : null;
    }
}
