using System.Buffers;
using System.Globalization;
using Bazil.Core;
using Bazil.Storage.Arena;
using Bazil.Storage.Stores;
using Bazil.Storage.Tests.Arena.Simulation;
using Bazil.Testing;

namespace Bazil.Storage.Tests.Arena;

/// <summary>
/// An arena store on a simulated disk against a dictionary: random operations, power cuts and kills in the middle of any
/// change of the disk, then everything is compared. A crash must never lose what was synced, bring up bytes nobody put,
/// or look like damage.
/// </summary>
internal sealed class ArenaModel : IDisposable
{
    private const int IdCount = 24;
    private static readonly int[] _sizes = [0, 1, 63, 64, 65, 383, 384, 385, 448, 512, 1000, 4096, 5000, 9000];

    private readonly Seed _seed;
    private readonly Random _random;
    private readonly SimulatedDisk _disk;
    private readonly ArenaOptions _options;
    private readonly Expectation[] _objects = [.. Enumerable.Range(0, IdCount).Select(_ => new Expectation())];
    private ArenaStore _store;
    private string _step = "open";

    public ArenaModel(Seed seed)
    {
        _seed = seed;
        _random = seed.CreateRandom();
        _disk = new SimulatedDisk(_random);
        _options = new ArenaOptions
        {
            Trust = _random.Next(2) == 0 ? ArenaTrust.Own : ArenaTrust.Compare,
            SegmentSizeBytesMax = _random.Next(3) switch { 0 => 4096, 1 => 16_384, _ => 65_536 },
            CompactionBytesPerSecond = long.MaxValue,
            RunsInBackground = false,
            Entropy = new SeededEntropy(new Random(seed.Value)),
        };
        _store = ArenaStore.Open("model", Mount(), _options);
    }

    public int CrashCount { get; private set; }

    public async Task RunAsync(int stepCount)
    {
        for (int step = 0; step < stepCount; step++)
        {
            if (_random.Next(30) == 0) _disk.CrashAfter(_random.Next(1, 40));
            try
            {
                await StepAsync();
            }
            catch (IOException) when (_disk.HasCrashed)
            {
                await CrashAsync();
            }
        }

        _disk.CrashAfter(int.MaxValue);
        await CheckAllAsync();
        DamageReport report = await _store.VerifyAsync(long.MaxValue, default);
        Check(report.IsClean, () => $"damage: {string.Join("; ", report.Problems.Select(problem => problem.Message))} {report.DamagedIds.Count}");
    }

    public void Dispose() => _disk.Dispose();

    private async Task StepAsync()
    {
        int number = _random.Next(IdCount);
        switch (_random.Next(20))
        {
            case < 8: await PutAsync(number); break;
            case < 11: await DeleteAsync(number); break;
            case < 14: await SyncAsync(); break;
            case 14: await DoAsync("seal", () => _store.SealAsync(default)); break;
            case 15: await DoAsync("reclaim", () => _store.ReclaimAsync(default)); break;
            case 16: await DoAsync("upkeep", () => _store.UpkeepAsync(default)); break;
            case 17 when _random.Next(3) == 0: await ReopenAsync(); break;
            case 18 when _random.Next(10) == 0: await CrashAsync(); break;
            default: await CheckAsync(number); break;
        }
    }

    private async Task PutAsync(int number)
    {
        Expectation expected = _objects[number];
        bool isHit = _options.Trust == ArenaTrust.Own && expected.Current is not null;
        int version = _options.Trust == ArenaTrust.Own ? 1 : _random.Next(3) == 0 && expected.Current is { } same ? same : expected.LastVersion + 1;
        Note($"put {number} version {version}");
        expected.LastVersion = Math.Max(expected.LastVersion, version);
        expected.IsInDoubt = !isHit;
        await _store.PutAsync(Id(number), Content(number, version), default);
        expected.Current = version;
        expected.IsInDoubt = false;
    }

    private async Task DeleteAsync(int number)
    {
        Note($"delete {number}");
        Expectation expected = _objects[number];
        expected.IsInDoubt = true;
        expected.Synced = null;
        bool wasThere = await _store.DeleteAsync(Id(number), default);
        if (_disk.HasCrashed) throw new StoreException("the disk crashed in the middle of this"); // what it does not show is not deleted
        Check(wasThere == expected.Current is not null, () => $"deleted {wasThere}");
        expected.Current = null;
        expected.IsInDoubt = false;
    }

    private async Task SyncAsync()
    {
        Note("sync");
        await _store.SyncAsync(default);
        foreach (Expectation expected in _objects.Where(expected => expected.Current is not null)) expected.Synced = expected.Current;
    }

    private async Task ReopenAsync()
    {
        Note("reopen");
        await _store.DisposeAsync();
        foreach (Expectation expected in _objects.Where(expected => expected.Current is not null)) expected.Synced = expected.Current;
        Open();
        await CheckAllAsync();
    }

    private async Task CrashAsync()
    {
        CrashCount++;
        bool isPowerCut = _random.Next(3) != 0;
        if (isPowerCut) _disk.CutPower();
        else _disk.KillProcess();
        _step += isPowerCut ? ", power cut" : ", kill";
        await AbandonAsync();
        if (_random.Next(8) == 0) LoseIndexFile();
        while (!TryOpen(ref isPowerCut))
        {
            // Crashed again.
        }

        for (int number = 0; number < IdCount; number++)
        {
            int? found = await FindVersionAsync(number);
            Expectation expected = _objects[number];
            Check(
                isPowerCut || expected.IsInDoubt ? expected.AllowsAfterPowerCut(found) : found == expected.Current,
                () => $"object {number}: found {found}, current {expected.Current}, synced {expected.Synced}");
            expected.Current = found;
            if (isPowerCut) expected.Synced = found; // it came from the disk
            expected.IsInDoubt = false;
        }

        await CheckAllAsync();
    }

    /// <summary>Opening may crash too: everything is as before then, or as after one more power cut.</summary>
    private bool TryOpen(ref bool isPowerCut)
    {
        SimulatedDisk disk = _disk;
        int crashAfter = _random.Next(4) == 0 ? _random.Next(1, 10) : int.MaxValue;
        try
        {
            Open(crashAfter);
            return true;
        }
        catch (Exception exception) when (disk.HasCrashed && exception is IOException)
        {
            if (_random.Next(2) == 0)
            {
                disk.CutPower();
                isPowerCut = true;
            }

            return false;
        }
    }

    private void Open(int crashAfter = int.MaxValue)
    {
        Storage.Arena.Disk.ISegmentDirectory directory = Mount();
        _disk.CrashAfter(crashAfter);
        _store = ArenaStore.Open("model", directory, _options);
        _disk.CrashAfter(int.MaxValue);
        StoreProblem[] problems = [.. _store.Problems.Where(problem => problem.Kind is not (StoreProblemKind.TornTail or StoreProblemKind.RebuiltIndex))];
        Check(problems.Length == 0, () => string.Join("; ", problems.Select(problem => problem.Message)));
    }

    /// <summary>Every second seed may have two segments open at a time.</summary>
    private Storage.Arena.Disk.ISegmentDirectory Mount() =>
        _seed.Value % 2 == 0 ? _disk.Mount() : new Storage.Arena.Disk.PooledSegmentDirectory(_disk.Mount(), 2);

    private async Task AbandonAsync()
    {
        try
        {
            await _store.DisposeAsync();
        }
        catch (StoreException)
        {
            // Its disk is gone.
        }
    }

    private void LoseIndexFile()
    {
        string[] files = Directory.GetFiles(_disk.IndexPath);
        if (files.Length > 0) File.Delete(files[_random.Next(files.Length)]);
    }

    private async Task DoAsync(string step, Func<ValueTask> action)
    {
        Note(step);
        await action();
    }

    private async Task CheckAsync(int number)
    {
        Note($"get {number}");
        int? found = await FindVersionAsync(number);
        Check(found == _objects[number].Current, () => $"found {found}, expected {_objects[number].Current}");
        Check(await _store.HasAsync(Id(number), default) == found is not null, () => "has");
    }

    private async Task CheckAllAsync()
    {
        for (int number = 0; number < IdCount; number++) await CheckAsync(number);
        var listed = new HashSet<ObjectId>();
        await foreach (StoredObject stored in _store.ScanAsync(default))
        {
            listed.Add(stored.Id);
            int number = Enumerable.Range(0, IdCount).First(number => Id(number) == stored.Id);
            Check(_objects[number].Current is not null, () => $"object {number} is listed");
        }

        Check(listed.Count == _objects.Count(expected => expected.Current is not null), () => $"{listed.Count} listed");
    }

    private async Task<int?> FindVersionAsync(int number)
    {
        using IMemoryOwner<byte>? found = await _store.GetAsync(Id(number), default);
        if (found is null) return null;
        for (int version = 1; version <= _objects[number].LastVersion; version++)
        {
            if (found.Memory.Span.SequenceEqual(Content(number, version))) return version;
        }

        Check(false, () => $"object {number}: bytes nobody put");
        return null;
    }

    private void Note(string step) => _step = step;

    private void Check(bool condition, Func<string> reason)
    {
        if (!condition && _disk.HasCrashed) throw new StoreException("the disk crashed in the middle of this"); // closing a segment may sync it, so a read may meet it
        if (!condition) Assert.Fail(string.Create(CultureInfo.InvariantCulture, $"{_seed}, {_options.Trust}, {_step}, crash {CrashCount}: {reason()}"));
    }

    private static ObjectId Id(int number)
    {
        byte[] bytes = new byte[ObjectId.Size];
        new Random(number).NextBytes(bytes);
        return new ObjectId(bytes);
    }

    private static byte[] Content(int number, int version)
    {
        var random = new Random((number * 1000) + version);
        byte[] bytes = new byte[_sizes[random.Next(_sizes.Length)] + (version == 1 ? 0 : 1)];
        random.NextBytes(bytes);
        return bytes;
    }

    /// <summary>What is known of an object. Versions grow.</summary>
    private sealed class Expectation
    {
        public int? Current { get; set; }

        /// <summary>Put before a sync and not deleted since.</summary>
        public int? Synced { get; set; }

        public int LastVersion { get; set; }

        /// <summary>A change of it was interrupted.</summary>
        public bool IsInDoubt { get; set; }

        public bool AllowsAfterPowerCut(int? found) => found is { } version ? version >= (Synced ?? 1) && version <= LastVersion : Synced is null;
    }
}
