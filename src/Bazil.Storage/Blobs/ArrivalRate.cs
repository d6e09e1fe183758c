namespace Bazil.Storage.Blobs;

/// <summary>How fast what is fetched ahead of one reader arrives, and how soon at best. Not safe for concurrent use.</summary>
internal sealed class ArrivalRate(TimeProvider clock)
{
    /// <summary>What the past weighs against the next arrival: the last two megabytes count, for chunks of 128 KiB.</summary>
    private const double Kept = 15.0 / 16;

    /// <summary>Beside the time that answers take at best: a line that stalls for a moment must not seem slow.</summary>
    private const double ReserveSeconds = 0.5;

    /// <summary>How many answers in a row are to be under way: while a line is full they take longer, and what has come so far tells little at first.</summary>
    private const double AnswersUnderWay = 4;

    private double _bytes;
    private double _seconds;
    private double _shortestSeconds = double.MaxValue;
    private long _last;

    /// <summary>How much it makes sense to have under way: more would not come sooner, and others would wait behind it. Null before anything has arrived.</summary>
    public double? UsefulBytes => _bytes == 0 ? null : _seconds <= 0 ? double.MaxValue : _bytes / _seconds * (ReserveSeconds + (AnswersUnderWay * _shortestSeconds));

    /// <summary>So many bytes have arrived that were asked for at this timestamp.</summary>
    public void Note(long since, long sizeBytes)
    {
        long now = clock.GetTimestamp();
        _shortestSeconds = Math.Min(_shortestSeconds, clock.GetElapsedTime(since, now).TotalSeconds);

        // Only while something was under way: a reader that rests is no slow line.
        _seconds = (Kept * _seconds) + clock.GetElapsedTime(Math.Max(since, _last), now).TotalSeconds;
        _bytes = (Kept * _bytes) + sizeBytes;
        _last = now;
    }
}
