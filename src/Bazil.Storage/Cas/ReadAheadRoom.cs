namespace Bazil.Storage.Cas;

/// <summary>
/// The room in a chunk cache for what is fetched ahead of sequential readers, shared among all of them: more than there is room for would drive itself out before it is read. Each stream may have an
/// equal part, and what is not in use by others only as far as there is any. A stream that has not moved for a while counts no more. Safe for concurrent use.
/// <para>Invariant: the streams that count have at most <see cref="SizeBytes"/> ahead, together, as of their last question.</para>
/// </summary>
/// <param name="sizeBytes">The room.</param>
/// <param name="clock">Tells who has not moved.</param>
public sealed class ReadAheadRoom(long sizeBytes, TimeProvider clock)
{
    /// <summary>Longer than any program that reads on takes between two reads; what a file that merely stays open had ahead is wanted by others.</summary>
    internal static readonly TimeSpan IdleMax = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new(); // guards what follows; innermost
    private readonly Dictionary<object, Stream> _streams = [];
    private long _aheadBytes;
    private long _leavings;
    private long _lookedAt = clock.GetTimestamp();

    public long SizeBytes { get; } = sizeBytes;

    /// <summary>How often a stream has ended.</summary>
    internal long Leavings => Interlocked.Read(ref _leavings);

    internal TimeProvider Clock => clock;

    /// <summary>A stream asks how much it may have ahead, and tells how much it has.</summary>
    /// <param name="stream">Which one; by reference.</param>
    /// <param name="aheadBytes">Fetched ahead, or being fetched, and not read.</param>
    /// <param name="wantedBytes">What it would like to have in all.</param>
    /// <returns>How much it may have in all, and counts for from now on; what it has, at least.</returns>
    public long Ask(object stream, long aheadBytes, long wantedBytes)
    {
        lock (_lock)
        {
            long now = clock.GetTimestamp();
            if (clock.GetElapsedTime(_lookedAt, now) >= IdleMax) ForgetIdle(now);
            long othersBytes = _aheadBytes - _streams.GetValueOrDefault(stream).AheadBytes;
            int others = _streams.Count - (_streams.ContainsKey(stream) ? 1 : 0);
            long share = Math.Min(SizeBytes / (others + 1), SizeBytes - othersBytes);
            long granted = Math.Max(aheadBytes, Math.Min(wantedBytes, share));
            _aheadBytes = othersBytes + granted;
            _streams[stream] = new Stream(granted, now);
            return granted;
        }
    }

    /// <summary>The stream has ended, and what it has fetched ahead with a token that it has cancelled is wanted no more.</summary>
    public void Leave(object stream)
    {
        Interlocked.Increment(ref _leavings);
        lock (_lock)
        {
            if (_streams.Remove(stream, out Stream left)) _aheadBytes -= left.AheadBytes;
        }
    }

    private void ForgetIdle(long now)
    {
        _lookedAt = now;
        foreach ((object stream, Stream seen) in _streams)
        {
            if (clock.GetElapsedTime(seen.At, now) < IdleMax) continue;
            _streams.Remove(stream);
            _aheadBytes -= seen.AheadBytes;
        }
    }

    private readonly record struct Stream(long AheadBytes, long At);
}
