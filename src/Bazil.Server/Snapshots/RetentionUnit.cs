namespace Bazil.Server.Snapshots;

/// <summary>The length of time of which a retention rule keeps one snapshot. Part of a row: numbers are never reused.</summary>
public enum RetentionUnit
{
    /// <summary>Each snapshot.</summary>
    Last = 0,
    Hourly = 1,
    Daily = 2,
    Weekly = 3,
    Monthly = 4,
    Yearly = 5,
}
