namespace Bazil.Testing;

/// <summary>A clock that moves only when told; its timers fire inside <see cref="Advance"/>.</summary>
public sealed class ManualTime : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly List<ManualTimer> _timers = [];
    private DateTimeOffset _now = System.GetUtcNow();
    private TimeSpan _error;
    private TaskCompletionSource? _rearmed, _due;
    private TimeSpan _dueWithin;

    /// <summary>How many timers have fired.</summary>
    public int Fired { get; private set; }

    /// <summary>How many timers would fire if the clock moved on by so much.</summary>
    public int CountDue(TimeSpan within)
    {
        lock (_lock) return _timers.Count(timer => timer.Due <= _now + within);
    }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow()
    {
        lock (_lock) return _now + _error;
    }

    public override long GetTimestamp()
    {
        lock (_lock) return _now.UtcTicks;
    }

    /// <summary>Somebody sets the clock, forwards or back: timestamps and timers know nothing of it.</summary>
    public void SetClock(TimeSpan by)
    {
        lock (_lock) _error += by;
    }

    public void Advance(TimeSpan by)
    {
        List<ManualTimer> due;
        lock (_lock)
        {
            _now += by;
            due = [.. _timers.Where(timer => timer.Due <= _now)];
            foreach (var timer in due) timer.Repeat();
            Fired += due.Count;
        }
        foreach (var timer in due) timer.Fire();
    }

    /// <summary>Returns when every timer that was running at the last advance has been set anew since, stopped or disposed.</summary>
    public Task WhenRearmedAsync(CancellationToken cancel)
    {
        lock (_lock)
        {
            _rearmed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            NoteChange();
            return _rearmed.Task.WaitAsync(cancel);
        }
    }

    /// <summary>Returns when a timer would fire if the clock moved on by so much. One waits at a time.</summary>
    public Task WhenDueAsync(TimeSpan within, CancellationToken cancel)
    {
        lock (_lock)
        {
            (_due, _dueWithin) = (new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), within);
            NoteChange();
            return _due.Task.WaitAsync(cancel);
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, callback, state);
        lock (_lock) _timers.Add(timer);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Under the lock.</summary>
    private void NoteChange()
    {
        if (_timers.All(timer => !timer.IsRunning || timer.SetAt == _now)) _rearmed?.TrySetResult();
        if (_due is not null && _timers.Any(timer => timer.Due <= _now + _dueWithin)) _due.TrySetResult();
    }

    private sealed class ManualTimer(ManualTime time, TimerCallback callback, object? state) : ITimer
    {
        private TimeSpan _period;

        public DateTimeOffset Due { get; set; } = DateTimeOffset.MaxValue;

        public DateTimeOffset SetAt { get; private set; }

        public bool IsRunning => Due != DateTimeOffset.MaxValue;

        public void Fire() => callback(state);

        /// <summary>Under the lock, when it is due.</summary>
        public void Repeat()
        {
            if (_period > TimeSpan.Zero) (Due, SetAt) = (time._now + _period, time._now);
            else Due = DateTimeOffset.MaxValue;
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (time._lock)
            {
                Due = dueTime == Timeout.InfiniteTimeSpan ? DateTimeOffset.MaxValue : time._now + dueTime;
                SetAt = time._now;
                _period = period;
                time.NoteChange();
            }

            return true;
        }

        public void Dispose()
        {
            lock (time._lock)
            {
                time._timers.Remove(this);
                time.NoteChange();
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
