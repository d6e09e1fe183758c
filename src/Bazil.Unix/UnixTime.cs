namespace Bazil.Unix;

/// <summary>A point in time as file systems keep it: seconds since 1970-01-01 UTC (may be negative) and 0 to 999,999,999 nanoseconds.</summary>
public readonly record struct UnixTime(long Seconds, uint Nanoseconds) : IComparable<UnixTime>
{
    public const uint NanosecondsPerSecond = 1_000_000_000;

    public static UnixTime From(DateTimeOffset time)
    {
        long ticks = time.UtcTicks - DateTimeOffset.UnixEpoch.UtcTicks;
        long seconds = Math.DivRem(ticks, TimeSpan.TicksPerSecond, out long rest);
        return rest < 0
            ? new UnixTime(seconds - 1, (uint)((rest + TimeSpan.TicksPerSecond) * TimeSpan.NanosecondsPerTick))
            : new UnixTime(seconds, (uint)(rest * TimeSpan.NanosecondsPerTick));
    }

    public static UnixTime Now(TimeProvider clock) => From(clock.GetUtcNow());

    /// <summary>The same point in time, in ticks of 100 ns; a time beyond the year 9999 is cut to its end.</summary>
    public DateTimeOffset ToDateTimeOffset()
    {
        long seconds = Math.Clamp(Seconds, DateTimeOffset.MinValue.ToUnixTimeSeconds(), DateTimeOffset.MaxValue.ToUnixTimeSeconds());
        return DateTimeOffset.FromUnixTimeSeconds(seconds).AddTicks(Nanoseconds / TimeSpan.NanosecondsPerTick);
    }

    public int CompareTo(UnixTime other) => (Seconds, Nanoseconds).CompareTo((other.Seconds, other.Nanoseconds));
}
