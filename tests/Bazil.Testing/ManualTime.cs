namespace Bazil.Testing;

/// <summary>A clock that moves only when told; its timers fire inside <see cref="Advance"/>.</summary>
public sealed class ManualTime : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly List<ManualTimer> _timers = [];
    private DateTimeOffset _now = System.GetUtcNow();
    private TaskCompletionSource? _rearmed;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow()
    {
        lock (_lock) return _now;
    }

    public override long GetTimestamp() => GetUtcNow().UtcTicks;

    public void Advance(TimeSpan by)
    {
        List<ManualTimer> due;
        lock (_lock)
        {
            _now += by;
            due = [.. _timers.Where(timer => timer.Due <= _now)];
            foreach (var timer in due) timer.Due = DateTimeOffset.MaxValue;
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
    }

    private sealed class ManualTimer(ManualTime time, TimerCallback callback, object? state) : ITimer
    {
        public DateTimeOffset Due { get; set; } = DateTimeOffset.MaxValue;

        public DateTimeOffset SetAt { get; private set; }

        public bool IsRunning => Due != DateTimeOffset.MaxValue;

        public void Fire() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (time._lock)
            {
                Due = dueTime == Timeout.InfiniteTimeSpan ? DateTimeOffset.MaxValue : time._now + dueTime;
                SetAt = time._now;
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
