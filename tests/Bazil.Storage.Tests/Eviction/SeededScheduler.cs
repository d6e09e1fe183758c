namespace Bazil.Storage.Tests.Eviction;

/// <summary>Runs tasks on the thread that calls, one step at a time, in an order that the seed decides.</summary>
internal sealed class SeededScheduler(Random random) : TaskScheduler
{
    private readonly List<Task> _waiting = [];

    public int Count => _waiting.Count;

    /// <summary>One step of any task; false when none can go on.</summary>
    public bool Step()
    {
        if (_waiting.Count == 0) return false;
        int index = random.Next(_waiting.Count);
        Task task = _waiting[index];
        _waiting[index] = _waiting[^1];
        _waiting.RemoveAt(_waiting.Count - 1);
        return TryExecuteTask(task);
    }

    /// <summary>A step of every task that can go on now: time passes for all.</summary>
    public void StepAll()
    {
        Task[] now = [.. _waiting];
        _waiting.Clear();
        foreach (Task task in now) TryExecuteTask(task);
    }

    public Task Run(Func<Task> work) => Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.None, this).Unwrap();

    protected override IEnumerable<Task> GetScheduledTasks() => _waiting;

    protected override void QueueTask(Task task) => _waiting.Add(task);

    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => false;
}
