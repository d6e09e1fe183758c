namespace Bazil.Remotes.Tests.Packs.Model;

/// <summary>The steps of one node between a start and its end. When it has ended, whatever still waits is never done.</summary>
internal sealed class NodeSteps(SeededSteps steps) : TaskScheduler
{
    private bool _isDead;

    public override int MaximumConcurrencyLevel => 1;

    public void Kill() => _isDead = true;

    public void Execute(Task step)
    {
        if (!_isDead) TryExecuteTask(step);
    }

    protected override void QueueTask(Task task) => steps.Add(this, task);

    /// <summary>Never: the seed decides when.</summary>
    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => false;

    protected override IEnumerable<Task> GetScheduledTasks() => [];
}
