using Bazil.Core;
using Bazil.Storage.Metadata;
using Bazil.Storage.Stores;

namespace Bazil.FileSystem.Tests.Simulation.Seeded;

/// <summary>
/// One machine of a simulated run: a replica with its disk, its clock and its steps. It dies and starts again; between a start and its end it
/// has a scheduler, so that nothing of a former life goes on.
/// </summary>
internal sealed class Machine : IReplicaHost
{
    private readonly SeededScheduler _steps;
    private readonly Random _random;
    private readonly List<Machine> _machines;
    private readonly Network _network;
    private readonly List<Task> _running = [];
    private MachineScheduler _scheduler = null!;
    private DiskPower _power = null!;

    public Machine(SeededScheduler steps, Random random, List<Machine> machines, Network network, World world, int number)
    {
        (_steps, _random, _machines, _network, Number) = (steps, random, machines, network, number);
        PeerObjects = new PeerObjects(this, machines, network);
        Boot();
        machines.Add(this);
        Replica = new Replica(world, Name, isOwner: number == 0, this);
        IsUp = IsOnline = true;
    }

    /// <summary>The machine died. Once for each death.</summary>
    public event Action? Died;

    public int Number { get; }

    public string Name => ((char)('A' + Number)).ToString();

    public Replica Replica { get; }

    public LossyObjectStore Disk { get; } = new();

    public bool IsUp { get; private set; }

    /// <summary>Takes requests.</summary>
    public bool IsOnline { get; private set; }

    public bool IsDiskFull { get; set; }

    /// <summary>By how much the clock is wrong.</summary>
    public TimeSpan ClockError { get; set; }

    public TimeProvider Clock { get; private set; } = null!;

    public TaskScheduler Scheduler => _scheduler;

    public IObjectStore Objects { get; private set; } = null!;

    public IObjectStore PeerObjects { get; }

    /// <summary>Exceptions that nobody expects.</summary>
    public List<Exception> Failures { get; } = [];

    public IMetadataStore Powered(MemoryMetadataStore rows) => new PoweredMetadata(rows, _power);

    /// <summary>The machine dies at this access to its disk from now; negative for never.</summary>
    public void FailAfter(int accesses) => _power.FailAfter(accesses);

    /// <summary>Does something in the steps of this machine, until it is done or the machine dies.</summary>
    public void Spawn(Func<Task> work)
    {
        _running.RemoveAll(static task => task.IsCompleted);
        _running.Add(_scheduler.RunAsync(() => WatchAsync(work)));
    }

    /// <summary>Waits for everything that was spawned, or for the death of the machine.</summary>
    public async Task FinishAsync()
    {
        while (IsUp && _running.Exists(static task => !task.IsCompleted)) await _steps.DelayAsync(TimeSpan.FromMilliseconds(10));
    }

    /// <summary>The daemon ends without a word. What it gave to the kernel is there when it starts again.</summary>
    public void Die()
    {
        if (!IsUp) return;
        IsUp = IsOnline = false;
        _scheduler.Kill();
        _running.Clear();
        Died?.Invoke();
    }

    /// <summary>What was not synced is lost, in part.</summary>
    public async Task LosePowerAsync()
    {
        Die();
        await Disk.CutPowerAsync(_random);
        Replica.Metadata.LoseUnsynced(_random);
    }

    /// <summary>Starts on what the disk has. False when it died in that.</summary>
    /// <param name="failAfter">As <see cref="FailAfter"/>.</param>
    public bool TryStart(int failAfter = -1)
    {
        Boot();
        _power.FailAfter(failAfter);
        try
        {
            Replica.Start();
            _power.FailAfter(-1);
            IsUp = IsOnline = true;
            return true;
        }
        catch (PowerFailureException)
        {
            return false;
        }
    }

    /// <summary>Ends in order: takes no more requests, finishes what is under way, and makes everything durable.</summary>
    public async Task StopAsync()
    {
        IsOnline = false;
        await FinishAsync();
        if (!IsUp) return;
        Spawn(() => Replica.Volume.DisposeAsync().AsTask());
        await FinishAsync();
        Die();
    }

    private void Boot()
    {
        _scheduler = new MachineScheduler(_steps, Number);
        MachineScheduler started = _scheduler;
        _power = new DiskPower(started, () =>
        {
            started.Kill();
            Die();
        });
        Clock = new MachineClock(_steps, started, () => ClockError);
        Objects = new PoweredObjects(Disk, _steps, _power, () => IsDiskFull);
    }

    private async Task WatchAsync(Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (PowerFailureException)
        {
            // What it did is on the disk, or not.
        }
        catch (Exception e)
        {
            Failures.Add(e);
        }
    }
}
