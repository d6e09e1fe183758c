using Bazil.Core;
using Bazil.Unix;
using Microsoft.Win32.SafeHandles;

namespace Bazil.Storage.Stores;

/// <content>Fresh objects and how they become durable.</content>
public sealed partial class FilesObjectStore
{
    /// <summary>A put that makes more than this syncs by itself, to bound the memory and what a reboot throws away: 1 GiB in chunks of the default size.</summary>
    private const int FreshCountMax = 8192;

    /// <summary>Files synced at the same time: file systems commit them together.</summary>
    private const int SyncConcurrency = 8;

    private readonly SemaphoreSlim _syncGate = new(1); // a sync also waits for the one before it; before _lock
    private readonly Lock _lock = new(); // guards everything below and the renames of fresh files; innermost
    private readonly Dictionary<ObjectId, long> _fresh = [];
    private readonly HashSet<ObjectId> _doubtful = []; // from before the last reboot; never also in _fresh
    private readonly HashSet<string> _unsynced = []; // directories
    private readonly HashSet<string> _prepared = []; // directories
    private StoreException? _broken;

    /// <summary>None: it looks at an object only when that is read.</summary>
    public IReadOnlyList<StoreProblem> Problems => [];

    public StoreException? Broken
    {
        get
        {
            lock (_lock) return _broken;
        }
    }

    public async ValueTask SyncAsync(CancellationToken cancel)
    {
        await _syncGate.WaitAsync(cancel);
        try
        {
            Sync();
        }
        catch (Exception exception) when (IsEnvironmental(exception))
        {
            StoreException failure = Failure(Name, "cannot make objects durable", exception);
            lock (_lock)
            {
                // A sync that fails may have dropped what it could not write: a later one that succeeds would prove nothing.
                if (!failure.IsDiskFull) _broken = failure = new StoreException(failure.Message, exception) { IsBroken = true };
            }

            throw failure;
        }
        finally
        {
            _syncGate.Release();
        }
    }

    private void Sync()
    {
        CheckUsable();
        KeyValuePair<ObjectId, long>[] fresh;
        lock (_lock) fresh = [.. _fresh];
        if (fresh.Length < SyncConcurrency) Array.ForEach(fresh, SyncContent);
        else RunTogether(fresh);

        foreach ((ObjectId id, long number) in fresh) MoveIntoPlace(id, number);
        string[] directories;
        lock (_lock) directories = [.. _unsynced];
        foreach (string directory in directories) DirectoryHandle.Sync(directory);
        lock (_lock) _unsynced.ExceptWith(directories);
    }

    private void RunTogether(KeyValuePair<ObjectId, long>[] fresh)
    {
        try
        {
            Parallel.ForEach(fresh, new ParallelOptions { MaxDegreeOfParallelism = SyncConcurrency }, SyncContent);
        }
        catch (AggregateException exception)
        {
            throw exception.InnerExceptions[0]; // the others say the same of other files
        }
    }

    private void SyncContent(KeyValuePair<ObjectId, long> fresh)
    {
        string path = _layout.FreshPath(fresh.Key, fresh.Value);
        try
        {
            using SafeFileHandle file = UnixFile.Open(path, OpenFlags.ReadOnly | OpenFlags.NoFollow);
            UnixFile.SyncData(file, path);
        }
        catch (UnixException exception) when (exception.Error == Errno.ENOENT && !IsFresh(fresh.Key, fresh.Value))
        {
            // Replaced or deleted meanwhile.
        }
    }

    private void MoveIntoPlace(ObjectId id, long number)
    {
        string path = _layout.PathOf(id);
        string directory = Path.GetDirectoryName(path)!;
        PrepareDirectory(directory);
        lock (_lock)
        {
            if (!IsFresh(id, number)) return;
            UnixFile.Rename(_layout.FreshPath(id, number), path);
            _fresh.Remove(id);
            _unsynced.Add(directory);
        }
    }

    /// <summary>Makes the directory; its name and that of its parent become durable with this sync, whoever made them.</summary>
    private void PrepareDirectory(string directory)
    {
        lock (_lock)
        {
            if (!_prepared.Add(directory)) return;
            Directory.CreateDirectory(directory);
            _unsynced.Add(Path.GetDirectoryName(directory)!);
            _unsynced.Add(_layout.ObjectsDirectory);
        }
    }

    /// <summary>The object was found in place, where an earlier process may have put it without a sync of the directories. Returns whether a sync is due.</summary>
    private bool MarkUnsynced(ObjectId id)
    {
        string directory = Path.GetDirectoryName(_layout.PathOf(id))!;
        lock (_lock)
        {
            if (!_fresh.ContainsKey(id)) _unsynced.Add(directory);
        }

        return false;
    }

    /// <summary>The object was put and is there with the same bytes: if that was in doubt, it is no more. Returns whether a sync is due.</summary>
    private bool Confirm(ObjectId id)
    {
        lock (_lock)
        {
            if (!_doubtful.Remove(id)) return MarkUnsynced(id);
            long number = Interlocked.Increment(ref _putCount);
            UnixFile.Rename(_layout.FreshPath(id, FilesLayout.DoubtfulNumber), _layout.FreshPath(id, number));
            _fresh[id] = number;
            return _fresh.Count > FreshCountMax;
        }
    }

    private bool IsDoubtful(ObjectId id)
    {
        lock (_lock) return _doubtful.Contains(id);
    }

    private bool AddFresh(ObjectId id, long number, string temporary)
    {
        lock (_lock)
        {
            UnixFile.Rename(temporary, _layout.FreshPath(id, number));
            if (_fresh.TryGetValue(id, out long former)) File.Delete(_layout.FreshPath(id, former));
            if (_doubtful.Remove(id)) File.Delete(_layout.FreshPath(id, FilesLayout.DoubtfulNumber));
            _fresh[id] = number;
            return _fresh.Count > FreshCountMax;
        }
    }

    private bool Remove(ObjectId id)
    {
        string path = _layout.PathOf(id);
        lock (_lock)
        {
            bool wasFresh = _fresh.Remove(id, out long number);
            if (!wasFresh && _doubtful.Remove(id))
            {
                wasFresh = true;
                number = FilesLayout.DoubtfulNumber;
            }

            if (wasFresh) File.Delete(_layout.FreshPath(id, number));
            bool wasInPlace = File.Exists(path);
            if (wasInPlace)
            {
                File.Delete(path);
                _unsynced.Add(Path.GetDirectoryName(path)!);
            }

            return wasFresh || wasInPlace;
        }
    }

    /// <summary>The kernel has been running since an earlier process wrote these, so they are whole, but for the doubtful ones. Of two versions the later counts.</summary>
    private void AdoptFresh()
    {
        foreach (string path in Directory.EnumerateFiles(_layout.FreshDirectory))
        {
            if (!FilesLayout.TryParseFresh(path, out ObjectId id, out long number)) continue;
            _putCount = Math.Max(_putCount, number);
            if (number == FilesLayout.DoubtfulNumber)
            {
                _doubtful.Add(id);
                continue;
            }

            if (_fresh.TryGetValue(id, out long other)) File.Delete(_layout.FreshPath(id, Math.Min(number, other)));
            _fresh[id] = Math.Max(number, other);
        }

        foreach (ObjectId id in _fresh.Keys)
        {
            if (_doubtful.Remove(id)) File.Delete(_layout.FreshPath(id, FilesLayout.DoubtfulNumber));
        }
    }

    private string? FreshPathOf(ObjectId id)
    {
        lock (_lock)
        {
            if (_fresh.TryGetValue(id, out long number)) return _layout.FreshPath(id, number);
            return _doubtful.Contains(id) ? _layout.FreshPath(id, FilesLayout.DoubtfulNumber) : null;
        }
    }

    private ObjectId[] FreshIds()
    {
        lock (_lock) return [.. _fresh.Keys, .. _doubtful];
    }

    private bool IsFresh(ObjectId id, long number)
    {
        lock (_lock) return _fresh.TryGetValue(id, out long current) && current == number;
    }

    private void CheckUsable()
    {
        if (_broken is { } broken) throw new StoreException($"store {Name} takes no changes since a sync failed: {broken.Message}", broken) { IsBroken = true };
    }
}
