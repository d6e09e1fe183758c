using Bazil.Storage.Arena.Disk;
using Bazil.Unix;

namespace Bazil.Storage.Tests.Arena.Simulation;

/// <summary>
/// A disk that loses what was not synced. <see cref="CutPower"/> leaves of every file, sector by sector, at random either what
/// was written or what was synced last, of its length likewise, and of made and removed names any part. A sector is never torn.
/// A countdown of changes ends in a crash: from then on everything fails, until the next <see cref="Mount"/>.
/// Files of the index lie in a real directory and are always durable.
/// </summary>
internal sealed class SimulatedDisk(Random random) : IDisposable
{
    public const int SectorSizeBytes = 512;

    private static int _diskCount;

    private readonly string _index = Directory.CreateDirectory(Path.Combine(
        Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath(), // a sync costs nothing there, and the index syncs for real
        $"bazil-simulated-index-{Environment.ProcessId}-{Interlocked.Increment(ref _diskCount)}")).FullName;
    private readonly Dictionary<string, byte[]> _smallFiles = [];
    private Dictionary<string, SimulatedContent> _names = [];
    private Dictionary<string, SimulatedContent> _durableNames = [];
    private int _changesLeft = int.MaxValue;
    private Errno _failure;
    private int _changesUntilFailure = int.MaxValue;

    /// <summary>Guards everything: the disk does one thing at a time.</summary>
    public Lock Gate { get; } = new();

    /// <summary>Sees what a read of a file at an offset is about to return, and may change it, or throw.</summary>
    public ReadFault? ReadFault { get; set; }

    /// <summary>Raised by each mount: handles of an earlier one are dead.</summary>
    public int Generation { get; private set; }

    public bool HasCrashed { get; private set; }

    public int ChangeCount { get; private set; }

    public int SyncCount { get; private set; }

    public long FreeBytes { get; set; } = 1L << 40;

    public string IndexPath => _index;

    public Dictionary<string, byte[]> SmallFiles => _smallFiles;

    public Dictionary<string, SimulatedContent> Names => _names;

    public ISegmentDirectory Mount()
    {
        lock (Gate)
        {
            Generation++;
            HasCrashed = false;
            _changesLeft = int.MaxValue;
            return new SimulatedDirectory(this, Generation);
        }
    }

    /// <summary>The machine stops after so many more changes, in the middle of the last one.</summary>
    public void CrashAfter(int changes) => _changesLeft = changes;

    /// <summary>After so many more changes one fails.</summary>
    public void FailAfter(int changes, Errno failure)
    {
        _changesUntilFailure = changes;
        _failure = failure;
    }

    /// <summary>Called before each change of the disk, under the gate. Throws when the change does not happen.</summary>
    public void BeforeChange(int generation, Action change)
    {
        CheckAlive(generation);
        ChangeCount++;
        if (--_changesUntilFailure == 0) throw new UnixException(_failure, "use", "the simulated disk");
        if (--_changesLeft > 0)
        {
            change();
            return;
        }

        if (random.Next(2) == 0) change();
        HasCrashed = true;
        throw new UnixException(Errno.EIO, "reach", "the simulated disk, which has crashed");
    }

    public void CheckAlive(int generation)
    {
        if (HasCrashed || generation != Generation) throw new UnixException(Errno.EIO, "reach", "the simulated disk, which has crashed");
    }

    public void SyncNames() => _durableNames = new Dictionary<string, SimulatedContent>(_names);

    public void CountSync() => SyncCount++;

    /// <summary>What a power cut leaves.</summary>
    public void CutPower()
    {
        lock (Gate)
        {
            var names = new Dictionary<string, SimulatedContent>();
            foreach (string name in _names.Keys.Union(_durableNames.Keys).Order(StringComparer.Ordinal))
            {
                SimulatedContent? current = _names.GetValueOrDefault(name);
                SimulatedContent? durable = _durableNames.GetValueOrDefault(name);
                if ((random.Next(2) == 0 ? current : durable) is { } content) names[name] = content;
            }

            int keptPercent = random.Next(4) switch { 0 => 0, 1 => 100, _ => random.Next(101) };
            foreach (SimulatedContent content in names.Values) content.CutPower(random, keptPercent);
            _names = names;
            SyncNames();
            HasCrashed = true;
        }
    }

    /// <summary>The process dies, the kernel does not: everything written is there, though it may not be durable.</summary>
    public void KillProcess() => HasCrashed = true;

    /// <summary>Everything but the index, to be put back by <see cref="Restore"/>.</summary>
    public (Dictionary<string, SimulatedContent> Names, Dictionary<string, byte[]> SmallFiles) Save() =>
        (_names.ToDictionary(name => name.Key, name => name.Value.Copy()), new Dictionary<string, byte[]>(_smallFiles));

    public void Restore((Dictionary<string, SimulatedContent> Names, Dictionary<string, byte[]> SmallFiles) saved)
    {
        _names = saved.Names.ToDictionary(name => name.Key, name => name.Value.Copy());
        _smallFiles.Clear();
        foreach ((string name, byte[] content) in saved.SmallFiles) _smallFiles[name] = content;
        SyncNames();
    }

    public void Dispose() => Directory.Delete(_index, recursive: true);
}
