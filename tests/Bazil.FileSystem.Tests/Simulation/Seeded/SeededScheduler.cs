namespace Bazil.FileSystem.Tests.Simulation.Seeded;

/// <summary>
/// All steps of all machines, one at a time on one thread, in an order that the seed decides, in a time that passes only when nothing
/// is ready. A step that comes from another thread would make the order a matter of luck: it fails the run.
/// </summary>
internal sealed class SeededScheduler
{
    /// <summary>Some hundred times what the longest history takes.</summary>
    private const long StepsMax = 20_000_000;

    private readonly Random _random;
    private readonly Trace _trace;
    private readonly int _thread = Environment.CurrentManagedThreadId;
    private readonly List<(MachineScheduler Machine, Task Task)> _ready = [];
    private readonly PriorityQueue<(SeededTimer Timer, int Setting), (long Due, long Number)> _timers = new();
    private long _timerNumber;
    private long _steps;
    private string? _escape;

    public SeededScheduler(Random random, Trace trace)
    {
        _random = random;
        _trace = trace;
        Outside = new MachineScheduler(this, -1);
    }

    /// <summary>For what belongs to no machine: the history, the network, the checks.</summary>
    public MachineScheduler Outside { get; }

    /// <summary>Ticks of 100 ns since the run began.</summary>
    public long NowTicks { get; private set; }

    /// <summary>Runs until this is done.</summary>
    public void Run(Func<Task> main)
    {
        SynchronizationContext? context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null); // it would be resumed on in place of the scheduler
        try
        {
            Task done = Bazil.Core.TaskSchedulerExtensions.RunAsync(Outside, main);
            while (!done.IsCompleted) Step();
            done.GetAwaiter().GetResult();
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(context);
        }
    }

    /// <summary>A task that ends when the time has passed.</summary>
    public Task DelayAsync(TimeSpan time)
    {
        var passed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var timer = new SeededTimer(this, Outside, _ => passed.SetResult(), null);
        timer.Change(time, Timeout.InfiniteTimeSpan);
        return passed.Task;
    }

    /// <summary>A delay up to this long, mostly much shorter.</summary>
    public Task PauseAsync(TimeSpan longest) => DelayAsync(longest * Math.Pow(_random.NextDouble(), 3));

    public void Add(MachineScheduler machine, Task task)
    {
        if (machine.IsDead) return; // the finalizer thread ends timers of the dead
        if (Environment.CurrentManagedThreadId == _thread) _ready.Add((machine, task));
        else _escape ??= Environment.StackTrace;
    }

    public void Add(SeededTimer timer, int setting, TimeSpan due) => _timers.Enqueue((timer, setting), (NowTicks + Math.Max(0, due.Ticks), _timerNumber++));

    private void Step()
    {
        if (_escape is not null) throw new InvalidOperationException($"a step was asked for by another thread: {_escape}");
        if (++_steps > StepsMax) throw new InvalidOperationException("the run does not end");
        if (_ready.Count > 0)
        {
            int index = _random.Next(_ready.Count);
            (MachineScheduler machine, Task task) = _ready[index];
            _ready[index] = _ready[^1];
            _ready.RemoveAt(_ready.Count - 1);
            _trace.Add(machine.Number);
            machine.Execute(task);
        }
        else if (_timers.TryDequeue(out (SeededTimer Timer, int Setting) next, out (long Due, long Number) at))
        {
            NowTicks = Math.Max(NowTicks, at.Due);
            next.Timer.Fire(next.Setting);
        }
        else
        {
            throw new InvalidOperationException("all wait for each other");
        }
    }
}
