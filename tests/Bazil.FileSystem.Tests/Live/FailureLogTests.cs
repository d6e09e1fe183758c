using Bazil.FileSystem.Live;
using Bazil.FileSystem.Tests.Simulation;

namespace Bazil.FileSystem.Tests.Live;

public class FailureLogTests
{
    private readonly List<string> _told = [];
    private readonly ManualClock _clock = new();
    private readonly FailureLog _log;

    public FailureLogTests() => _log = new FailureLog((message, _) => _told.Add(message), _clock);

    [Fact]
    public void A_failure_that_goes_on_is_told_at_growing_intervals()
    {
        for (int second = 0; second < 3600; second++)
        {
            _log.Failed("content could not be saved", new IOException("the disk is full"));
            _clock.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.InRange(_told.Count, 5, 8);
        Assert.Equal("content could not be saved: the disk is full", _told[0]);
        Assert.Equal("content could not be saved: the disk is full (and 59 times before)", _told[1]);
        Assert.Equal("content could not be saved: the disk is full (and 119 times before)", _told[2]);
    }

    [Fact]
    public void Another_reason_other_work_and_a_failure_after_a_success_are_told_at_once()
    {
        _log.Failed("one", new IOException("a"));
        _log.Failed("one", new IOException("a"));
        _log.Failed("one", new IOException("b"));
        _log.Failed("two", new IOException("b"));
        _log.Succeeded("one");
        _log.Failed("one", new IOException("b"));
        Assert.Equal(["one: a", "one: b", "two: b", "one: b"], _told);
    }
}
