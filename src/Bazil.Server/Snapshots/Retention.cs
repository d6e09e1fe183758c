using System.Globalization;
using Bazil.FileSystem.Snapshots;

namespace Bazil.Server.Snapshots;

/// <summary>Which of a schedule's snapshots go. A pure function of their times: what the clock says now does not matter.</summary>
public static class Retention
{
    /// <summary>The snapshots that no rule keeps. Only those that a schedule took are looked at; the newest of them always stays.</summary>
    /// <param name="snapshots">All of a volume.</param>
    /// <param name="rules">What is kept.</param>
    /// <param name="zone">In which days and weeks are counted.</param>
    public static IReadOnlyList<SnapshotReference> FindExpired(IEnumerable<SnapshotReference> snapshots, IReadOnlyList<RetentionRule> rules, TimeZoneInfo zone)
    {
        SnapshotReference[] scheduled = [.. snapshots.Where(static s => s.Origin == SnapshotOrigin.Schedule).OrderByDescending(static s => s.Taken).ThenByDescending(static s => s.Name)];
        var kept = new HashSet<SnapshotReference>(scheduled.Take(1));
        foreach (RetentionRule rule in rules)
        {
            string? last = null;
            int count = 0;
            foreach (SnapshotReference snapshot in scheduled)
            {
                string period = PeriodOf(snapshot, rule.Unit, zone);
                if (period == last) continue;
                if (++count > rule.Count) break;
                last = period;
                kept.Add(snapshot);
            }
        }

        return [.. scheduled.Where(snapshot => !kept.Contains(snapshot))];
    }

    private static string PeriodOf(SnapshotReference snapshot, RetentionUnit unit, TimeZoneInfo zone)
    {
        DateTimeOffset utc = snapshot.Taken.ToDateTimeOffset();
        DateTime local = TimeZoneInfo.ConvertTime(utc, zone).DateTime;
        return unit switch
        {
            // Hours count in universal time: one of them comes twice when summer ends.
            RetentionUnit.Hourly => utc.ToString("yyyyMMddHH", CultureInfo.InvariantCulture),
            RetentionUnit.Daily => local.ToString("yyyyMMdd", CultureInfo.InvariantCulture),
            RetentionUnit.Weekly => string.Create(CultureInfo.InvariantCulture, $"{ISOWeek.GetYear(local)}-{ISOWeek.GetWeekOfYear(local)}"),
            RetentionUnit.Monthly => local.ToString("yyyyMM", CultureInfo.InvariantCulture),
            RetentionUnit.Yearly => local.ToString("yyyy", CultureInfo.InvariantCulture),
            _ => snapshot.Name.ToString(),
        };
    }
}
