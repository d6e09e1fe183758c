namespace Bazil.Server.Checking;

/// <summary>How the scrub in the background runs.</summary>
public sealed record ScrubOptions
{
    /// <summary>After the start of the server, so that it does not compete with what people wait for then.</summary>
    public TimeSpan Delay { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>From the end of one scrub, or full check, of a volume to the start of the next. Disks are commonly scrubbed once a month.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromDays(30);

    /// <summary>How often it is looked whether something is due.</summary>
    public TimeSpan Pause { get; init; } = TimeSpan.FromHours(1);

    /// <summary>After a look that failed, if that did not take longer: a disk that was away may be there for an hour a day only.</summary>
    public TimeSpan Retry { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>A terabyte takes a little more than a day; a hard disk does ten times this.</summary>
    public long BytesPerSecondMax { get; init; } = 10 << 20;
}
