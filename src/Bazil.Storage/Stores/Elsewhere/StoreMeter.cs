namespace Bazil.Storage.Stores.Elsewhere;

/// <summary>
/// What is known of how fast a store elsewhere answers: moving averages of the time to answer, of its deviation, and of the rate of what came. What was measured long ago counts less: a store that
/// was slow is given another try in the end. Safe for concurrent use.
/// </summary>
public sealed class StoreMeter(TimeProvider time)
{
    /// <summary>Weight of a new measurement: RFC 6298 takes the same for round trips.</summary>
    private const double Weight = 1.0 / 8;

    /// <summary>Of less than this the time to answer is all that counts.</summary>
    private const int BandwidthBytesMin = 16 << 10;

    /// <summary>What is assumed of a store that never answered: a machine in the same country.</summary>
    private static readonly TimeSpan AssumedLatency = TimeSpan.FromMilliseconds(50);

    /// <summary>After this time without a measurement, half of what an answer takes longer than assumed is forgotten.</summary>
    private static readonly TimeSpan HalfLife = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan DelayMin = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan DelayMax = TimeSpan.FromSeconds(2);

    // Guards all below; calls nothing outside.
    private readonly Lock _lock = new();
    private double _latencySeconds;
    private double _deviationSeconds;
    private double _bytesPerSecond;
    private long _measuredAt;
    private long _answers;
    private int _underWay;

    /// <summary>How long an answer takes; null before there was one.</summary>
    public TimeSpan? Latency
    {
        get
        {
            lock (_lock) return _answers == 0 ? null : TimeSpan.FromSeconds(Expected(out _));
        }
    }

    /// <summary>How fast a large object comes, in bytes per second; null before there was one.</summary>
    public double? Bandwidth
    {
        get
        {
            lock (_lock) return _bytesPerSecond > 0 ? _bytesPerSecond : null;
        }
    }

    /// <summary>Answers so far.</summary>
    public long Answers
    {
        get
        {
            lock (_lock) return _answers;
        }
    }

    /// <summary>What an answer is expected to take: by this the stores are asked in turn.</summary>
    public TimeSpan Expectation
    {
        get
        {
            lock (_lock) return TimeSpan.FromSeconds(Expected(out _));
        }
    }

    /// <summary>When this store has not answered for so long, the next one is asked, too: later than nearly all of its answers, sooner while there is little under way and a second request costs nobody anything.</summary>
    public TimeSpan HedgeDelay
    {
        get
        {
            lock (_lock)
            {
                double expected = Expected(out double deviation);
                TimeSpan late = TimeSpan.FromSeconds(expected + ((_underWay <= 2 ? 2 : 4) * deviation));
                return late < DelayMin ? DelayMin : late > DelayMax ? DelayMax : late;
            }
        }
    }

    public void Begin()
    {
        lock (_lock) _underWay++;
    }

    /// <summary>An answer came, or was given up after so long.</summary>
    /// <param name="took">Since it was asked.</param>
    /// <param name="sizeBytes">Of what came; 0 for none.</param>
    /// <param name="isAnswer">False when it was given up: then only a time that is longer than expected tells something.</param>
    public void End(TimeSpan took, int sizeBytes, bool isAnswer)
    {
        lock (_lock)
        {
            _underWay--;
            double seconds = took.TotalSeconds, expected = Expected(out double deviation);
            if (!isAnswer && seconds <= expected) return;
            bool isFirst = _answers == 0 && _measuredAt == 0;
            _latencySeconds = isFirst ? seconds : expected + (Weight * (seconds - expected));
            _deviationSeconds = isFirst ? seconds / 2 : deviation + (2 * Weight * (Math.Abs(seconds - expected) - deviation));
            if (sizeBytes >= BandwidthBytesMin && seconds > 0)
            {
                double rate = sizeBytes / seconds;
                _bytesPerSecond = _bytesPerSecond == 0 ? rate : _bytesPerSecond + (Weight * (rate - _bytesPerSecond));
            }

            if (isAnswer) _answers++;
            _measuredAt = Math.Max(1, time.GetTimestamp());
        }
    }

    private double Expected(out double deviation)
    {
        double assumed = AssumedLatency.TotalSeconds;
        (double latency, deviation) = _measuredAt == 0 ? (assumed, assumed / 2) : (_latencySeconds, _deviationSeconds);
        if (_measuredAt == 0 || latency <= assumed) return latency;
        double kept = Math.Pow(0.5, time.GetElapsedTime(_measuredAt) / HalfLife);
        deviation *= kept;
        return assumed + ((latency - assumed) * kept);
    }
}
