using Bazil.Core.Memory;
using Bazil.Unix;

namespace Bazil.Storage.Metadata.RocksDb;

/// <summary>
/// The metadata store on disk. A commit goes to the write-ahead log in the page cache, so it survives the death of the
/// process; <see cref="Sync"/> makes it survive power loss, and the store does that by itself within a second of a commit.
/// <para>After the first failed commit or sync the store is read-only: what is durable is then unknown, and only opening
/// it again finds out. Reads go on.</para>
/// </summary>
public sealed unsafe class RocksDbMetadataStore : IMetadataStore
{
    /// <summary>At most this much work is lost when power goes and nobody called <see cref="Sync"/>.</summary>
    private static readonly TimeSpan MaxUnsynced = TimeSpan.FromSeconds(1);

    private readonly RocksDbDatabase _database;
    private readonly RocksDbReader _reader;
    private readonly RocksDbBatchPool _batches;
    private readonly RocksDbObject _writeOptions;
    private readonly Action<MetadataException>? _failed;
    private readonly RocksDbLog _log; // guarded by _syncLock
    private readonly RocksDbManifestGuard _guard; // guarded by _syncLock
    private readonly ITimer _timer;

    /// <summary>Held while the log is synced, so that callers who wait meanwhile find their commits synced. Guards <see cref="_synced"/>. Innermost.</summary>
    private readonly Lock _syncLock = new();

    private long _committed = 1; // what the recovery at open replayed counts as one
    private long _synced;
    private int _timerArmed;
    private int _disposed;
    private MetadataException? _failure;

    private RocksDbMetadataStore(RocksDbDatabase database, TimeProvider clock, Action<MetadataException>? failed)
    {
        RocksDbApi api = database.Api;
        _database = database;
        _failed = failed;
        _reader = new RocksDbReader(database, null);
        _log = new RocksDbLog(database.Directory);
        _guard = new RocksDbManifestGuard(database.Directory);
        _batches = new RocksDbBatchPool(api);
        _writeOptions = new RocksDbObject(api.WriteOptionsCreate(), api.WriteOptionsDestroy);
        api.WriteOptionsSetSync(_writeOptions.Value, 0);
        _timer = clock.CreateTimer(
            static store => ((RocksDbMetadataStore)store!).SyncInBackground(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>
    /// Called at the start of every sync, also of those in the background: makes durable what the rows may name. Set once
    /// by who composes the stores. When it throws an <see cref="IOException"/>, the rows are not synced either.
    /// </summary>
    public Action? SyncFirst { get; set; }

    /// <summary>The failure that made the store read-only, or null.</summary>
    public MetadataException? Failure => Volatile.Read(ref _failure);

    /// <summary>The engine's caches and buffers.</summary>
    public IReadOnlyList<MemoryUse> MemoryUses => RocksDbMemory.Of(_database);

    /// <summary>Creates a database where there is none, durably. The directory is created; its parent must exist.</summary>
    /// <param name="directory">Holds nothing but the database.</param>
    /// <param name="clock">Times the sync in the background.</param>
    /// <param name="failed">Called on any thread when the store turns read-only; must not throw.</param>
    /// <exception cref="MetadataException">There is one already, or it cannot be created.</exception>
    /// <exception cref="Core.NativeLibraryMissingException">RocksDB is not installed.</exception>
    public static RocksDbMetadataStore Create(string directory, TimeProvider clock, Action<MetadataException>? failed = null)
    {
        RocksDbApi api = RocksDbApi.Load();
        string path = Path.GetFullPath(directory);
        try
        {
            PrivatePath.CreateDirectory(path);
            var store = new RocksDbMetadataStore(RocksDbDatabase.Open(api, path, create: true), clock, failed);
            DirectoryHandle.Sync(Path.GetDirectoryName(path)!);
            return store;
        }
        catch (UnixException exception)
        {
            throw new MetadataException(
                $"cannot create the metadata database {path}: {exception.Message}",
                exception.Error == Errno.ENOSPC ? MetadataFailure.DiskFull : MetadataFailure.Io, exception);
        }
    }

    /// <summary>Opens an existing database, and replays what a crash left in its log. Parameters as for <see cref="Create"/>.</summary>
    /// <exception cref="MetadataException">There is none, it is damaged, or another process has it open.</exception>
    /// <exception cref="Core.NativeLibraryMissingException">RocksDB is not installed.</exception>
    public static RocksDbMetadataStore Open(string directory, TimeProvider clock, Action<MetadataException>? failed = null)
    {
        RocksDbApi api = RocksDbApi.Load();
        return new RocksDbMetadataStore(RocksDbDatabase.Open(api, Path.GetFullPath(directory), create: false), clock, failed);
    }

    public byte[]? Get(ReadOnlySpan<byte> key) => _reader.Get(key);

    public IMetadataCursor Scan(ReadOnlySpan<byte> from, ReadOnlySpan<byte> to) => _reader.Scan(from, to);

    public IMetadataSnapshot Snapshot()
    {
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        return new RocksDbReader(_database, new RocksDbSnapshotHandle(_database));
    }

    public void Commit(MetadataBatch batch)
    {
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        CheckWritable();
        if (batch.Count == 0) return;
        bool entered = false;
        _writeOptions.DangerousAddRef(ref entered);
        _database.Enter();
        RocksDbWriteBatch native = _batches.Rent();
        try
        {
            batch.Replay(native);
            byte* error = null;
            _database.Api.Write(_database.Value, _writeOptions.Value, native.Value, &error);
            if (error != null) FailWrite(RocksDbStatus.ToException(_database.Api, error, "write to", _database.Directory));
        }
        finally
        {
            _batches.Return(native);
            _database.Leave();
            _writeOptions.DangerousRelease();
        }

        Interlocked.Increment(ref _committed);
        if (Interlocked.Exchange(ref _timerArmed, 1) == 0) _timer.Change(MaxUnsynced, Timeout.InfiniteTimeSpan);
    }

    public void Sync()
    {
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        SyncLog();
    }

    /// <summary>
    /// Syncs and closes. Must not run beside other calls; cursors and snapshots are disposed before, or the database
    /// stays open until they are. A failing sync is found in <see cref="Failure"/>.
    /// </summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        _timer.Dispose();
        Interlocked.Increment(ref _committed); // so that the list of files is recorded in its last state
        SyncInBackground();
        if (Failure is not null) _database.Abandon();
        lock (_syncLock)
        {
            _log.Dispose();
            _guard.Dispose();
        }

        _reader.Dispose();
        _batches.Dispose();
        _writeOptions.Dispose();
        _database.Dispose();
    }

    private void SyncLog()
    {
        long target = Interlocked.Read(ref _committed);
        if (Interlocked.Read(ref _synced) < target) SyncFirst?.Invoke();
        MetadataException? failure = null;
        lock (_syncLock)
        {
            CheckWritable();
            if (_synced >= target || _database.IsClosed) return;
            target = Interlocked.Read(ref _committed);
            failure = FlushLog();
            if (failure is null)
            {
                _synced = target;
                return;
            }

            Volatile.Write(ref _failure, failure);
        }

        _failed?.Invoke(failure);
        throw failure;
    }

    private void SyncInBackground()
    {
        Volatile.Write(ref _timerArmed, 0);
        if (Failure is not null || _database.IsClosed) return;
        try
        {
            SyncLog();
        }
        catch (MetadataException)
        {
            // Remembered and reported by SyncLog itself; the next caller that writes gets it.
        }
        catch (ObjectDisposedException)
        {
            // A timer that fired while the store was disposed; Dispose has synced.
        }
        catch (IOException)
        {
            // What the rows name could not be made durable, and whoever waits for it is told. Tried again.
            if (_disposed == 0 && Interlocked.Exchange(ref _timerArmed, 1) == 0) _timer.Change(MaxUnsynced, Timeout.InfiniteTimeSpan);
        }
    }

    private void CheckWritable()
    {
        if (Failure is { } failure)
        {
            throw new MetadataException(
                $"the metadata database {_database.Directory} is read-only since an earlier failure: {failure.Message}",
                MetadataFailure.ReadOnly, failure);
        }
    }

    private void FailWrite(MetadataException failure)
    {
        if (Interlocked.CompareExchange(ref _failure, failure, null) is null) _failed?.Invoke(failure);
        throw failure;
    }

    private MetadataException? FlushLog()
    {
        try
        {
            bool mayHaveChanged = _log.Sync();
            _guard.Record(mayHaveChanged);
            return null;
        }
        catch (IOException exception)
        {
            return RocksDbStatus.ToException(exception.Message, "sync", _database.Directory);
        }
    }
}
