using Bazil.Core.Crypto;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Sync;
using Bazil.Storage.Metadata;
using Bazil.Storage.Stores;

namespace Bazil.FileSystem.Tests.Simulation.Seeded;

/// <summary>
/// One seed: machines are made, people work on them, messages and disks fail; then everything is mended, all machines come to rest, and what
/// they have is compared with each other and with the ledger.
/// </summary>
internal sealed class SimulatedRun
{
    private static readonly TimeSpan Thinking = TimeSpan.FromMilliseconds(600);
    private readonly int _seed;
    private readonly Random _random;
    private readonly Faults _faults;
    private readonly SeededScheduler _steps;
    private readonly Network _network;
    private readonly List<Machine> _machines = [];
    private readonly List<Person> _people = [];
    private readonly ContentLedger _ledger = new();
    private readonly Dictionary<Machine, (MemoryMetadataStore Rows, List<ulong> Held)> _backups = [];
    private World _world = null!;

    private SimulatedRun(int seed, bool keepsLines)
    {
        _seed = seed;
        _random = new Random(seed);
        _faults = Faults.Of(_random);
        Trace = new Trace(keepsLines);
        _steps = new SeededScheduler(_random, Trace);
        _network = new Network(_steps, _random, _faults.Loss);
    }

    public Trace Trace { get; }

    /// <summary>Contents that were closed.</summary>
    public int ContentCount => _ledger.Count;

    private string Context => $"BAZIL_SEED={_seed} ({_faults})";

    /// <exception cref="Exception">Something is not as it must be; the message begins with the seed.</exception>
    public static SimulatedRun Run(int seed, bool keepsLines = false)
    {
        var run = new SimulatedRun(seed, keepsLines);
        try
        {
            run._steps.Run(run.RunAsync);
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"{run.Context} after {run.Trace.Hash:x16}: {e.Message}\n{string.Join('\n', run.Trace.Lines)}", e);
        }

        return run;
    }

    private async Task RunAsync()
    {
        World world = _world = await World.CreateAsync(_seed, Build);
        if (_faults.WrongClocks) foreach (Machine machine in _machines) machine.ClockError = RandomError();
        for (int step = 0; step < _faults.Steps; step++)
        {
            await StepAsync();
            await _steps.PauseAsync(Thinking);
            Check();
        }

        await MendAsync(world);
        if (Trace.KeepsLines) _machines.ForEach(Show);
        await world.SettleAsync();
        if (Trace.KeepsLines) Show(_machines[0]);
        Check();
        await new RestCheck(_machines, _ledger, _faults.Backups).RunAsync();
        foreach (Machine machine in _machines) Trace.Add(World.Describe(machine.Replica.State()) + World.Describe(machine.Replica.Tree()));
        foreach (Machine machine in _machines)
        {
            machine.Die();
            machine.Replica.Abandon();
        }

        world.Keys.ForEach(static key => key.Dispose());
    }

    private void Show(Machine machine)
    {
        foreach ((string node, string state) in machine.Replica.State()) Trace.Lines.Add($"{machine.Name} {node} = {state}");
        Trace.Lines.AddRange(machine.Replica.Log);
    }

    private List<Replica> Build(World world)
    {
        for (int number = 0; number < _faults.Machines; number++)
        {
            var machine = new Machine(_steps, _random, _machines, _network, world, number);
            var person = new Person(machine, _steps, _random, _ledger, Trace);
            machine.Died += person.Forget;
            _people.Add(person);
        }

        return [.. _machines.Select(machine => machine.Replica)];
    }

    private void Check()
    {
        foreach (Machine machine in _machines)
        {
            if (machine.Failures.Count > 0) throw new InvalidOperationException($"{machine.Name}: {machine.Failures[0].Message}", machine.Failures[0]);
        }
    }

    private async Task StepAsync()
    {
        Machine machine = _machines[_random.Next(_machines.Count)], other = _machines[_random.Next(_machines.Count)];
        double dice = _random.NextDouble();
        if (!machine.IsUp) await StartAsync(machine);
        else if (dice < .58) machine.Spawn(_people[machine.Number].ActAsync);
        else if (dice < .82 && other != machine) machine.Spawn(() => PullAsync(machine, other));
        else if (dice < .86) machine.Spawn(_people[machine.Number].SyncAsync);
        else await DisturbAsync(machine, other);
    }

    private async Task DisturbAsync(Machine machine, Machine other)
    {
        switch (_random.Next(_faults.Rotations ? 10 : 8))
        {
            case 0 or 1 when _faults.Crashes: await CrashAsync(machine); break;
            case 2 when _faults.Partitions && other != machine: _network.Toggle(machine, other); break;
            case 3 when _faults.Backups: await GoBackAsync(machine); break;
            case 4 when _faults.Members: ChangeMembers(machine, other); break;
            case 5 when _faults.FullDisks: machine.IsDiskFull = !machine.IsDiskFull; break;
            case 6 when _faults.WrongClocks: machine.ClockError = RandomError(); break;
            case 7:
                Trace.Add($"{machine.Name} stops");
                await machine.StopAsync();
                break;
            case 8 when machine.Replica.Volume.Members().Contains(machine.Replica.Id): Rotate(machine); break;
            case 9: machine.Spawn(() => ResealAsync(machine)); break;
        }
    }

    /// <summary>A new sharing key, which everybody is given at once.</summary>
    private void Rotate(Machine machine)
    {
        try
        {
            machine.Replica.Rotate();
            Trace.Add($"{machine.Name} rotates");
        }
        catch (PowerFailureException)
        {
            Trace.Add($"{machine.Name} died rotating");
        }

        foreach (Machine other in _machines) other.Replica.AddKey(_world.Keys[^1]);
    }

    private async Task ResealAsync(Machine machine)
    {
        try
        {
            Trace.Add($"{machine.Name} sealed anew: {await machine.Replica.ResealAsync()}");
        }
        catch (StoreException e) when (e.IsDiskFull || e.IsUnreachable)
        {
            Trace.Add($"{machine.Name} seals: {e.Message}");
        }
    }

    private async Task CrashAsync(Machine machine)
    {
        int kind = _random.Next(3);
        Trace.Add($"{machine.Name} crash {kind}");
        if (kind == 0) machine.FailAfter(_random.Next(12));
        else if (kind == 1) machine.Die();
        else await LosePowerAsync(machine);
    }

    private async Task LosePowerAsync(Machine machine)
    {
        await machine.LosePowerAsync();
        _ledger.LosePower(machine.Number);
    }

    private async Task StartAsync(Machine machine)
    {
        int dice = _random.Next(4);
        if (_faults.Crashes && dice == 0) await LosePowerAsync(machine);
        Trace.Add($"{machine.Name} starts {machine.TryStart(_faults.Crashes && dice == 1 ? _random.Next(6) : -1)}");
    }

    /// <summary>Takes a copy of the rows of a machine, or puts it back where there is one.</summary>
    private async Task GoBackAsync(Machine machine)
    {
        if (!_backups.Remove(machine, out (MemoryMetadataStore Rows, List<ulong> Held) backup))
        {
            await machine.StopAsync();
            if (machine.IsDiskFull) return;
            _backups[machine] = (machine.Replica.Backup(), _ledger.HeldBy(machine.Number));
            Trace.Add($"{machine.Name} backup");
            return;
        }

        Trace.Add($"{machine.Name} restore");
        machine.Die();
        machine.Replica.TakeFrom(backup.Rows);
        _ledger.Restore(machine.Number, backup.Held);
        machine.TryStart();
    }

    private void ChangeMembers(Machine machine, Machine other)
    {
        try
        {
            if (_random.Next(2) == 0 && machine.Replica.Volume.Members().Count > 1) machine.Replica.Volume.RemoveMember(other.Replica.Id);
            else AddMembers(machine);
            Trace.Add($"{machine.Name} members {machine.Replica.Volume.Members().Count}");
        }
        catch (PowerFailureException)
        {
            Trace.Add($"{machine.Name} died changing the members");
        }
    }

    private void AddMembers(Machine machine)
    {
        foreach (Machine member in _machines) machine.Replica.Volume.AddMember(member.Replica.Id);
    }

    private async Task PullAsync(Machine machine, Machine from)
    {
        List<ulong> served = _ledger.HeldBy(from.Number);
        FileName[] path = _faults.Parts && _random.Next(3) == 0 ? _people[machine.Number].PickPath() : [];
        Trace.Add($"{machine.Name} pulls {string.Join('/', path)} from {from.Name}");
        try
        {
            PullResult result = await machine.Replica.Volume.PullAsync(new NetworkLink(_network, machine, from), path, CancellationToken.None);

            // Of a part it is not known what came with it.
            if (path.Length == 0) _ledger.Hold(machine.Number, served, isSynced: false);
            _ledger.Synced(from.Number, served);
            Trace.Add($"{machine.Name} pulled {result} from {from.Name}");
        }
        catch (SyncException e) when (path.Length > 0 && e.Message.Contains("neither here nor", StringComparison.Ordinal))
        {
            Trace.Add($"{machine.Name} and {from.Name} have nothing there");
        }
        catch (SyncException e) when (e.Message.Contains("member", StringComparison.Ordinal) || e.Message.Contains("was cut off", StringComparison.Ordinal))
        {
            Trace.Add($"{machine.Name} refused by {from.Name}");
        }
        catch (IOException e) when (e is not SyncException)
        {
            Trace.Add($"{machine.Name} lost {from.Name}");
        }
    }

    /// <summary>Everything works again, and what is under way ends.</summary>
    private async Task MendAsync(World world)
    {
        Trace.Add("mend");
        _network.Mend();
        foreach (Machine machine in _machines)
        {
            machine.IsDiskFull = false;
            if (machine.IsUp) machine.FailAfter(-1);
            else Assert.True(machine.TryStart());
        }

        foreach (Machine machine in _machines) await machine.FinishAsync();
        foreach (Machine machine in _machines) AddMembers(machine);
        Assert.Equal(_machines.Count, world.Replicas.Count);
    }

    private TimeSpan RandomError() => TimeSpan.FromDays((_random.NextDouble() - .5) * 60);
}
