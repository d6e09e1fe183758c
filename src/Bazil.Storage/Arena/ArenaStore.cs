using System.Buffers;
using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Bazil.Core;
using Bazil.Storage.Arena.Disk;
using Bazil.Storage.Arena.Index;
using Bazil.Storage.Buffers;
using Bazil.Storage.Stores;

namespace Bazil.Storage.Arena;

/// <summary>
/// The local store: records appended to large segments, found by an index (<c>docs/storage.md</c>, "Arena store").
/// <para>Beyond the contract of <see cref="IObjectStore"/>:</para>
/// <list type="bullet">
/// <item>Reads take no lock. Puts of different ids wait for each other only while bytes are copied to the kernel. Everything is
/// done on the calling thread, but for what <see cref="ArenaOptions.RunsInBackground"/> names.</item>
/// <item>Callers of <see cref="SyncAsync"/> share one sync of the disk.</item>
/// <item>A delete is seen at once; power loss may undo it until the space was given back.</item>
/// <item>Damage is a <see cref="CorruptObjectException"/> for the reader; <see cref="HasAsync"/> says no, and the next put stores
/// the object anew.</item>
/// <item>After a failed sync the store takes no changes until it is opened again. A full disk is not such a failure.</item>
/// <item>After dispose every call throws <see cref="ObjectDisposedException"/>; one that runs beside it does that or is completed.</item>
/// </list>
/// Order of locks: stripe of an id, append, table. Nothing calls out while holding one.
/// </summary>
public sealed partial class ArenaStore : IObjectStore, IStoreInventory, IStoreVerification, IStoreHealth
{
    private readonly ISegmentDirectory _directory;
    private readonly ArenaOptions _options;
    private readonly UInt128 _storeId;
    private readonly IndexSet _index;
    private readonly FreeSpaceWatch _space;
    private readonly ConcurrentDictionary<uint, Segment> _segments;
    private readonly Lock[] _stripes = [.. Enumerable.Range(0, ArenaLimits.StripeCount).Select(_ => new Lock())];
    private readonly ConcurrentQueue<StoreProblem> _problems = new();
    private readonly ConcurrentDictionary<StoreProblem, bool> _reported = new();
    private readonly IReadOnlyDictionary<uint, CatalogEntry> _missing;
    private volatile StoreException? _broken;
    private long _epoch;

    private ArenaStore(string name, ISegmentDirectory directory, ArenaOptions options, in OpenedSegments opened)
    {
        Name = name;
        _directory = directory;
        _options = options;
        _storeId = opened.StoreId;
        _index = opened.Index;
        _segments = opened.Segments;
        _missing = opened.Missing;
        _tables = opened.Tables;
        _nextNumber = opened.NextNumber;
        _space = new FreeSpaceWatch(name, directory, options);
        _commits = new GroupCommit(Commit, options.Clock);
        foreach (StoreProblem problem in opened.Problems) Report(problem);
        foreach (TailTable tail in _tables.Where(tail => tail.Segment.SyncedBytes < tail.Segment.Head).Reverse()) _unsynced.Add(tail.Segment);
        _mustWriteAgain = _unsynced.Count > 0; // an earlier process may have met a failing sync: its pages are readable then, clean, and not on the disk
        _nameChanges = _tables.Length; // an earlier process may have made them without a sync of the directory
        if (_tables.Length > 0 && _tables[0].Segment.Head < options.SegmentSizeBytesMax) _open = _tables[0];
        if (opened.Empty.Count > 0) Retire(opened.Empty);
        _nextUpkeep = options.Clock.CreateTimer(_ => WakeBackground(), null, options.RunsInBackground ? _upkeepInterval : Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _background = options.RunsInBackground ? Task.Run(RunInBackgroundAsync) : Task.CompletedTask;
    }

    public string Name { get; }

    public StoreUsage Usage
    {
        get
        {
            Segment[] segments = [.. _segments.Values];
            return new StoreUsage(
                segments.Sum(segment => segment.ObjectCount), segments.Sum(segment => segment.LiveBytes), segments.Sum(segment => segment.DeadBytes), segments.Length);
        }
    }

    public IReadOnlyList<StoreProblem> Problems => [.. _problems];

    public StoreException? Broken => _broken;

    public ValueTask<IMemoryOwner<byte>?> GetAsync(ObjectId id, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        CheckNotDisposed();
        while (true)
        {
            try
            {
                return ValueTask.FromResult(Read(id));
            }
            catch (DamagedIndexException damage)
            {
                Repair(damage);
            }
            catch (Exception exception) when (StoreFailure.IsEnvironmental(exception))
            {
                throw StoreFailure.Of(Name, $"cannot read object {id}", exception);
            }
        }
    }

    public ValueTask PutAsync(ObjectId id, ReadOnlyMemory<byte> buffer, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        CheckNotDisposed();
        if (buffer.Length > ObjectLimits.ObjectSizeBytesMax) throw new ArgumentException($"an object has at most {ObjectLimits.ObjectSizeBytesMax} bytes, not {buffer.Length}");
        while (true)
        {
            try
            {
                if (_tables.Length > ArenaLimits.FrozenCountMax) Seal(cancel);
                Put(id, buffer.Span);
                return ValueTask.CompletedTask;
            }
            catch (DamagedIndexException damage)
            {
                Repair(damage);
            }
            catch (StoreException full) when (full.IsDiskFull && (PendingPunchCount > 0 || IsRoomComing))
            {
                return PutWhenThereIsRoomAsync(id, buffer, cancel);
            }
            catch (Exception exception) when (StoreFailure.IsEnvironmental(exception))
            {
                throw FailedWrite($"cannot write object {id}", exception);
            }
        }
    }

    public ValueTask<bool> HasAsync(ObjectId id, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        CheckNotDisposed();
        return ValueTask.FromResult(FindWithRepair(id).IsLive);
    }

    public ValueTask<int?> SizeOfAsync(ObjectId id, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        CheckNotDisposed();
        Sighting seen = FindWithRepair(id);
        if (seen.State == SightingState.None) return ValueTask.FromResult<int?>(null);
        if (seen.IsLive) return ValueTask.FromResult<int?>(seen.Header.Length);
        if (seen.Failure is { } failure) throw StoreFailure.Of(Name, $"cannot read object {id}", failure);
        throw new CorruptObjectException(id, Name, seen.Reason);
    }

    public ValueTask<bool> DeleteAsync(ObjectId id, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        while (true)
        {
            try
            {
                bool wasThere = Delete(id);
                if (PendingPunchCount > ArenaLimits.PendingPunchCountMax) Reclaim();
                return ValueTask.FromResult(wasThere);
            }
            catch (DamagedIndexException damage)
            {
                Repair(damage);
            }
            catch (Exception exception) when (StoreFailure.IsEnvironmental(exception))
            {
                throw FailedWrite($"cannot delete object {id}", exception);
            }
        }
    }

    public async IAsyncEnumerable<ObjectId> ListAsync([EnumeratorCancellation] CancellationToken cancel)
    {
        await foreach (StoredObject stored in ScanAsync(cancel)) yield return stored.Id;
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0) return;
        await StopBackgroundAsync();
        try
        {
            if (_broken is null) Close();
        }
        finally
        {
            // Whoever passed the check at its entrance before is told so here.
            lock (_committing) _isClosed = true;
            _index.Dispose();
            foreach (Segment segment in _segments.Values) segment.Dispose();
            _directory.Dispose();
            _upkeep.Dispose();
            _verification.Dispose();
        }
    }

    private Lock StripeOf(in ObjectId id) => _stripes[id.Span[31] & (ArenaLimits.StripeCount - 1)];

    private IMemoryOwner<byte>? Read(in ObjectId id)
    {
        while (true)
        {
            Sighting seen = Find(id);
            if (seen.State == SightingState.None) return null;
            if (!seen.IsLive) throw seen.Failure ?? new CorruptObjectException(id, Name, seen.Reason);
            IMemoryOwner<byte> buffer = BufferPool.Shared.Rent(seen.Header.Length);
            bool isRight = false;
            try
            {
                isRight = seen.Segment!.TryReadPayload(seen.Block, seen.Header, buffer.Memory.Span);
                if (isRight) return buffer;
            }
            catch (ObjectDisposedException)
            {
                continue; // its segment was compacted away meanwhile
            }
            finally
            {
                if (!isRight) buffer.Dispose();
            }

            QuarantineIfDamaged(id, seen);
        }
    }

    /// <summary>What is found again and again is kept once.</summary>
    private void Report(StoreProblem problem)
    {
        if (_problems.Count < ArenaLimits.ProblemCountMax && _reported.TryAdd(problem, true)) _problems.Enqueue(problem);
    }

    private void CheckUsable()
    {
        CheckNotBroken();
        CheckNotDisposed();
    }

    private void CheckNotDisposed() => ObjectDisposedException.ThrowIf(Volatile.Read(ref _isDisposed) != 0, this);

    private StoreException FailedWrite(string what, Exception exception)
    {
        if (StoreFailure.IsDiskFull(exception)) _space.ReleaseReserve();
        else Report(new StoreProblem(StoreProblemKind.FailedWrite, StoreFailure.Of(Name, "could not be changed", exception).Message));
        return StoreFailure.Of(Name, what, exception);
    }
}
