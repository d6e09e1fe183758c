namespace Bazil.Server.Sync;

/// <summary>Counts the bytes of one transfer at a time. Concurrent.</summary>
internal sealed class TransferMeter
{
    private long _begun;
    private long _bytes;

    /// <summary>True while something is transferred.</summary>
    public bool IsRunning => Volatile.Read(ref _begun) != 0;

    public long Bytes => Volatile.Read(ref _bytes);

    public void Begin(long timestamp)
    {
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
