using Bazil.Core;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Snapshots;
using Bazil.Server.Errors;
using Bazil.Server.Snapshots;
using Bazil.Unix;

namespace Bazil.Server.Tests.Snapshots;

public sealed class RetentionTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 30, 0, TimeSpan.Zero);

    [Fact]
    public void A_year_of_hours_leaves_what_the_rules_say()
    {
        List<SnapshotReference> kept = Run(SnapshotSchedule.Parse("1h", "hourly=24,daily=7,weekly=4,monthly=12"), Enumerable.Range(0, 365 * 24).Select(static hour => Start.AddHours(hour)));
        DateTimeOffset last = Start.AddHours((365 * 24) - 1);
        Assert.Equal(last, kept[^1].Taken.ToDateTimeOffset());
        for (int hour = 0; hour < 24; hour++) Assert.Contains(kept, s => s.Taken.ToDateTimeOffset() == last.AddHours(-hour));

        // The newest of each of the last days and months, of which the newest ones are among the hours already.
        for (int day = 1; day < 7; day++) Assert.Contains(kept, s => s.Taken.ToDateTimeOffset() == new DateTimeOffset(last.Date, last.Offset).AddDays(1 - day).AddMinutes(-30));
        Assert.Equal(12, kept.Select(static s => s.Taken.ToDateTimeOffset().Month).Distinct().Count());
        Assert.InRange(kept.Count, 24 + 6 + 10, 24 + 6 + 3 + 11);
    }

    [Fact]
    public void Only_snapshots_of_the_schedule_are_removed()
    {
        SnapshotReference[] snapshots =
        [
            Snapshot(Start, SnapshotOrigin.Person), Snapshot(Start.AddMinutes(1), SnapshotOrigin.Restore), Snapshot(Start.AddMinutes(2), SnapshotOrigin.Schedule),
            Snapshot(Start.AddMinutes(3), SnapshotOrigin.Schedule), Snapshot(Start.AddMinutes(4), SnapshotOrigin.Person),
        ];
        Assert.Equal([snapshots[2]], Retention.FindExpired(snapshots, SnapshotSchedule.Parse("1m", "last=1").Keep, TimeZoneInfo.Utc));
    }

    [Fact]
    public void A_clock_that_jumps_ahead_and_back_loses_no_more_than_its_own_snapshot()
    {
        IEnumerable<DateTimeOffset> times = [.. Enumerable.Range(0, 10).Select(static day => Start.AddDays(day)), Start.AddYears(50), .. Enumerable.Range(10, 5).Select(static day => Start.AddDays(day))];
        List<SnapshotReference> kept = Run(SnapshotSchedule.Parse("1d", "daily=7"), times);
        Assert.Equal([.. Enumerable.Range(9, 6).Select(static day => Start.AddDays(day)), Start.AddYears(50)], kept.Select(static s => s.Taken.ToDateTimeOffset()).Order());
    }

    [Fact]
    public void Slots_of_days_begin_at_local_midnight()
    {
        TimeZoneInfo zone = TimeZoneInfo.CreateCustomTimeZone("test", TimeSpan.FromHours(2), "test", "test");
        long slot = SnapshotScheduler.SlotOf(new DateTimeOffset(2026, 5, 5, 22, 0, 0, TimeSpan.Zero), TimeSpan.FromDays(1), zone);
        Assert.Equal(slot, SnapshotScheduler.SlotOf(new DateTimeOffset(2026, 5, 6, 21, 59, 59, TimeSpan.Zero), TimeSpan.FromDays(1), zone));
        Assert.Equal(slot - 1, SnapshotScheduler.SlotOf(new DateTimeOffset(2026, 5, 5, 21, 59, 59, TimeSpan.Zero), TimeSpan.FromDays(1), zone));
    }

    [Theory]
    [InlineData("1h", "1h")]
    [InlineData("hourly", "1h")]
    [InlineData("90m", "90m")]
    [InlineData("24h", "1d")]
    [InlineData("2w", "14d")]
    public void Intervals_are_read_and_written(string text, string written) => Assert.Equal(written, SnapshotSchedule.Parse(text, "last=1").EveryText);

    [Theory]
    [InlineData("", "last=1")]
    [InlineData("1", "last=1")]
    [InlineData("-1h", "last=1")]
    [InlineData("0m", "last=1")]
    [InlineData("99999w", "last=1")]
    [InlineData("1h", "")]
    [InlineData("1h", "last")]
    [InlineData("1h", "last=0")]
    [InlineData("1h", "last=-1")]
    [InlineData("1h", "fortnightly=1")]
    [InlineData("1h", "0=1")]
    [InlineData("1h", "last=1,last=2")]
    public void What_is_no_schedule_is_refused_with_an_example(string every, string keep) =>
        Assert.Equal(ErrorKind.Invalid, Assert.Throws<CommandFailedException>(() => SnapshotSchedule.Parse(every, keep)).Kind);

    /// <summary>Takes a snapshot at each of these times, and removes what is not kept, as the server does.</summary>
    private static List<SnapshotReference> Run(SnapshotSchedule schedule, IEnumerable<DateTimeOffset> times)
    {
        var snapshots = new List<SnapshotReference>();
        foreach (DateTimeOffset time in times)
        {
            snapshots.Add(Snapshot(time, SnapshotOrigin.Schedule));
            foreach (SnapshotReference expired in Retention.FindExpired(snapshots, schedule.Keep, TimeZoneInfo.Utc)) snapshots.Remove(expired);
        }

        return snapshots;
    }

    private static SnapshotReference Snapshot(DateTimeOffset time, SnapshotOrigin origin) =>
        new(FileName.Parse($"{time:yyyyMMddHHmmss}"), default, new UnixTime(time.ToUnixTimeSeconds(), 0), 1, origin);
}
