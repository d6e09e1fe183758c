using Bazil.FileSystem.Collection;
using Bazil.Storage.Collection;

namespace Bazil.Server.Collection;

/// <summary>
/// When the next collection of garbage is due: a day after the last one; an hour after it when that found much and no member blocks; and later and
/// later when collections fail, for each walks through everything. Not safe for concurrent use.
/// </summary>
internal sealed class CollectionTiming
{
    private TimeSpan _interval = Limits.CollectionInterval;
    private TimeSpan _rest; // after a failure
    private DateTimeOffset _failed;

    /// <param name="now">The time.</param>
    /// <param name="last">When the last collection was completed, by this process or an earlier one.</param>
    public bool IsDue(DateTimeOffset now, DateTimeOffset last)
    {
        // A clock that was set back makes the last one lie in the future: that counts as long ago.
        bool isRested = _rest == TimeSpan.Zero || (now - _failed).Duration() >= _rest;
        return isRested && (now - last).Duration() >= _interval;
    }

    public void NoteCompleted(GarbageReport report)
    {
        SweepReport sweep = report.Sweep;
        bool isMuch = sweep.Fossilised.Bytes > sweep.Found.Bytes / Limits.MuchGarbageDivisor;
        _interval = isMuch && report.Blocked.Count == 0 ? Limits.CollectionIntervalMin : Limits.CollectionInterval;
        _rest = TimeSpan.Zero;
    }

    public void NoteFailed(DateTimeOffset now)
    {
        _failed = now;
        TimeSpan longer = _rest == TimeSpan.Zero ? Limits.CollectionCheckInterval : _rest * 2;
        _rest = longer < Limits.CollectionInterval ? longer : Limits.CollectionInterval;
    }
}
