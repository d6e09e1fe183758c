namespace Bazil.FileSystem.Live;

/// <summary>
/// Tells of failures of work that is tried again and again: the first at once, and while it goes on failing the same way, one a minute, then one every
/// two, four, … minutes, up to an hour, with how many there were. Safe for concurrent use.
/// </summary>
/// <param name="log">Where they are told.</param>
/// <param name="clock">Measures the intervals.</param>
internal sealed class FailureLog(Action<string, Exception?> log, TimeProvider clock)
{
    private static readonly TimeSpan FirstInterval = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestInterval = TimeSpan.FromHours(1);

    /// <summary>Different kinds of work that are remembered; more are told each time.</summary>
    private const int WorkMax = 1024;

    // Guards everything below. The log is called outside.
    private readonly Lock _lock = new();
    private readonly Dictionary<string, State> _failing = [];

    /// <summary>Some work failed.</summary>
    /// <param name="work">What could not be done, as the beginning of the message.</param>
    /// <param name="reason">Why.</param>
    public void Failed(string work, Exception reason)
    {
        int untold;
        lock (_lock)
        {
            long now = clock.GetTimestamp();
            if (_failing.TryGetValue(work, out State? state) && state.Reason == reason.Message)
            {
                if (clock.GetElapsedTime(state.Told, now) < state.Interval)
                {
                    state.Untold++;
                    return;
                }

                untold = state.Untold;
                TimeSpan twice = state.Interval * 2;
                _failing[work] = new State(reason.Message, now, twice < LongestInterval ? twice : LongestInterval);
            }
            else
            {
                untold = 0;
                if (state is not null || _failing.Count < WorkMax) _failing[work] = new State(reason.Message, now, FirstInterval);
            }
        }

        log(untold == 0 ? $"{work}: {reason.Message}" : $"{work}: {reason.Message} (and {untold} times before)", reason);
    }

    /// <summary>The work was done: its next failure is told at once.</summary>
    public void Succeeded(string work)
    {
        lock (_lock) _failing.Remove(work);
    }

    private sealed class State(string reason, long told, TimeSpan interval)
    {
        public string Reason { get; } = reason;

        /// <summary>When it was told last.</summary>
        public long Told { get; } = told;

        public TimeSpan Interval { get; } = interval;

        public int Untold { get; set; }
    }
}
