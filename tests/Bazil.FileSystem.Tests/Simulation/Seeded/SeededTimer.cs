namespace Bazil.FileSystem.Tests.Simulation.Seeded;

/// <summary>A timer in simulated time. It does not outlive its machine.</summary>
internal sealed class SeededTimer(SeededScheduler steps, MachineScheduler machine, TimerCallback callback, object? state) : ITimer
{
    private TimeSpan _period;
    private int _setting;

    public bool Change(TimeSpan dueTime, TimeSpan period)
    {
        _setting++;
        _period = period;
        if (dueTime != Timeout.InfiniteTimeSpan) steps.Add(this, _setting, dueTime);
        return true;
    }

    /// <param name="setting">Which setting of the timer was due; older ones count no more.</param>
    public void Fire(int setting)
    {
        if (setting != _setting || machine.IsDead) return;
        if (_period != Timeout.InfiniteTimeSpan && _period > TimeSpan.Zero) steps.Add(this, setting, _period);
        callback(state);
    }

    public void Dispose() => _setting++;

    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }
}
