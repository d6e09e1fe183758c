using Bazil.FileSystem.Sync;
using Bazil.Server.Sync;
using Bazil.Testing;

namespace Bazil.Server.Tests.Sync;

public sealed class TransferMeterTests
{
    [Fact]
    public void What_is_left_takes_as_long_in_proportion_as_what_came()
    {
        var time = new ManualTime();
        var meter = new TransferMeter();
        Assert.Null(meter.Remaining(time));
        meter.Begin(time.GetTimestamp());
        time.Advance(TimeSpan.FromSeconds(10));
        Assert.Null(meter.Remaining(time));
        meter.Progress = new PullProgress(100, 400, null);
        Assert.Equal(TimeSpan.FromSeconds(30), meter.Remaining(time));
        meter.Progress = new PullProgress(1, long.MaxValue, null);
        Assert.Null(meter.Remaining(time));
        meter.Progress = new PullProgress(400, 400, null);
        Assert.Null(meter.Remaining(time));
        meter.Progress = new PullProgress(100, 0, null);
        Assert.Null(meter.Remaining(time));
        meter.End();
        Assert.Null(meter.Remaining(time));
    }
}
