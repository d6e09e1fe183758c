namespace Bazil.FileSystem.Tests.Simulation.Seeded;

/// <summary>The clock of one machine, wrong by some time.</summary>
internal sealed class MachineClock(SeededScheduler steps, MachineScheduler machine, Func<TimeSpan> error) : TimeProvider
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => Start.AddTicks(steps.NowTicks) + error();

    public override long GetTimestamp() => steps.NowTicks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new SeededTimer(steps, machine, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }
}
