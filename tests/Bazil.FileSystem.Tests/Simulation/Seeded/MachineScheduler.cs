namespace Bazil.FileSystem.Tests.Simulation.Seeded;

/// <summary>The steps of one machine between a start and its end. When it has ended, whatever still waits is never run.</summary>
/// <param name="steps">All steps of all machines.</param>
/// <param name="number">The machine.</param>
internal sealed class MachineScheduler(SeededScheduler steps, int number) : TaskScheduler
{
    public int Number => number;

    public bool IsDead { get; private set; }

    public override int MaximumConcurrencyLevel => 1;

    public void Kill() => IsDead = true;

    public void Execute(Task task)
    {
        if (!IsDead) TryExecuteTask(task);
    }

    protected override void QueueTask(Task task) => steps.Add(this, task);

    /// <summary>Never: the seed decides when.</summary>
    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => false;

    protected override IEnumerable<Task> GetScheduledTasks() => [];
}
