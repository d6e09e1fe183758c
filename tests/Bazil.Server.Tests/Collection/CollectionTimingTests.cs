using Bazil.Core;
using Bazil.FileSystem.Collection;
using Bazil.Server.Collection;
using Bazil.Storage.Collection;

namespace Bazil.Server.Tests.Collection;

public sealed class CollectionTimingTests
{
    private static readonly DateTimeOffset s_now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Is_due_a_day_after_the_last_and_when_the_clock_was_set_back()
    {
        var timing = new CollectionTiming();
        Assert.True(timing.IsDue(s_now, default));
        Assert.False(timing.IsDue(s_now, s_now.AddHours(-23)));
        Assert.True(timing.IsDue(s_now, s_now.AddHours(-24)));
        Assert.True(timing.IsDue(s_now, s_now.AddDays(30)));
    }

    [Fact]
    public void Much_garbage_that_nobody_needs_is_deleted_within_the_hour()
    {
        var timing = new CollectionTiming();
        timing.NoteCompleted(Report(found: 800, fossils: 101));
        Assert.False(timing.IsDue(s_now, s_now.AddMinutes(-59)));
        Assert.True(timing.IsDue(s_now, s_now.AddMinutes(-60)));

        timing.NoteCompleted(Report(found: 800, fossils: 100));
        Assert.False(timing.IsDue(s_now, s_now.AddHours(-23)));

        timing.NoteCompleted(Report(found: 800, fossils: 800, isBlocked: true));
        Assert.False(timing.IsDue(s_now, s_now.AddHours(-23)));
    }

    [Fact]
    public void Failures_are_tried_again_later_and_later_but_every_day_at_least()
    {
        var timing = new CollectionTiming();
        DateTimeOffset now = s_now;
        var waits = new List<double>();
        for (int failure = 0; failure < 9; failure++)
        {
            timing.NoteFailed(now);
            DateTimeOffset failed = now;
            while (!timing.IsDue(now, default)) now = now.AddMinutes(20);
            waits.Add((now - failed).TotalMinutes);
        }

        Assert.Equal([20, 40, 80, 160, 320, 640, 1280, 1440, 1440], waits);
        timing.NoteCompleted(Report(found: 0, fossils: 0));
        Assert.True(timing.IsDue(now, now.AddDays(-1)));
    }

    private static GarbageReport Report(long found, long fossils, bool isBlocked = false) => new(
        1,
        0,
        new SweepReport { Found = new ObjectTotals(8, found), Fossilised = new ObjectTotals(1, fossils) },
        isBlocked ? [(null!, new MemberAgreement(0, [default(PeerId)], default))] : []);
}
