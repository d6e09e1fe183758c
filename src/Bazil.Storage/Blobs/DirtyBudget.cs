using System.Threading.Channels;
using Bazil.Core;
using Bazil.Storage.Stores;

namespace Bazil.Storage.Blobs;

/// <summary>
/// Bounds the memory of changed chunks of all blobs together, and stores them in the background. Chunks that stopped
/// changing are stored at once; when a writer finds no room, the blobs that were written least recently store what they have.
/// <para>
/// No deadlock: a writer asks for room for a whole path (chunk and all pointers above it) at once, before it holds
/// anything that could not be stored, and storing needs no room.
/// </para>
/// <para>Safe for concurrent use. Dispose after the blobs; it waits for its workers.</para>
/// </summary>
public sealed class DirtyBudget : IAsyncDisposable
{
    /// <summary>512 chunks of the default size: enough to keep the workers busy while writers copy.</summary>
    public const long DefaultSizeBytes = 64 * 1024 * 1024;

    /// <summary>Small writes that are not in a chunk in memory take at most this part of the budget, on top of it: storing them takes room in it.</summary>
    private const int OverlayDivisor = 4;

    /// <summary>Under pressure at least this part of the budget is stored, so that writers do not search for every single chunk.</summary>
    private const int ReliefDivisor = 8;

    private readonly Lock _lock = new(); // guards everything below; taken inside the lock of a blob, never around it
    private readonly LinkedList<Blob> _blobs = new(); // least recently written first
    private readonly Dictionary<Blob, LinkedListNode<Blob>> _blobNodes = [];
    private readonly LinkedList<Waiter> _waiters = new();
    private readonly Channel<Job> _jobs = Channel.CreateUnbounded<Job>(); // bounded by the nodes that fit the budget
    private readonly Task[] _workers;
    private long _usedBytes;
    private long _overlayBytes;
    private long _peakBytes;
    private long _queuedBytes;
    private volatile bool _hasWaiters;

    /// <param name="sizeBytes">The bound.</param>
    /// <param name="workerCount">Chunks stored at the same time. Each has one sealed chunk in memory beside the budget.</param>
    /// <param name="scheduler">Where the workers run; null for the thread pool.</param>
    public DirtyBudget(long sizeBytes = DefaultSizeBytes, int workerCount = 4, TaskScheduler? scheduler = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(sizeBytes);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(workerCount);
        SizeBytes = sizeBytes;
        Scheduler = scheduler ?? TaskScheduler.Default;
        _workers = [.. Enumerable.Range(0, workerCount).Select(_ => Scheduler.RunAsync(WorkAsync))];
    }

    public long SizeBytes { get; }

    /// <summary>Where work beside the caller's runs.</summary>
    internal TaskScheduler Scheduler { get; }

    public long UsedBytes
    {
        get
        {
            lock (_lock) return _usedBytes;
        }
    }

    /// <summary>The most that was ever in use; never more than <see cref="SizeBytes"/>.</summary>
    public long PeakBytes
    {
        get
        {
            lock (_lock) return _peakBytes;
        }
    }

    /// <summary>The bound of <see cref="OverlayBytes"/>.</summary>
    public long OverlayBytesMax => SizeBytes / OverlayDivisor;

    /// <summary>Small writes that are not in a chunk in memory.</summary>
    public long OverlayBytes
    {
        get
        {
            lock (_lock) return _overlayBytes;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _jobs.Writer.TryComplete();
        await Task.WhenAll(_workers);
    }

    /// <summary>Waits until so many bytes are free and takes them.</summary>
    /// <exception cref="StoreException">There is no room and none can be made, since storing fails.</exception>
    internal ValueTask ReserveAsync(long bytes, CancellationToken cancel)
    {
        if (cancel.IsCancellationRequested) return ValueTask.FromCanceled(cancel);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, SizeBytes);
        LinkedListNode<Waiter> node;
        lock (_lock)
        {
            if (_waiters.Count == 0 && TryTake(bytes)) return ValueTask.CompletedTask;
            node = _waiters.AddLast(new Waiter(bytes));
            _hasWaiters = true;
        }

        return WaitAsync(node, cancel);
    }

    internal void Release(long bytes)
    {
        if (bytes == 0) return;
        lock (_lock)
        {
            _usedBytes -= bytes;
            Admit();
        }
    }

    /// <summary>Takes room for a small write that is not in a chunk in memory, if there is any: without it the write goes into a chunk.</summary>
    internal bool TryTakeOverlay(int bytes)
    {
        lock (_lock)
        {
            if (bytes > OverlayBytesMax - _overlayBytes) return false;
            _overlayBytes += bytes;
            return true;
        }
    }

    /// <summary>Whether there is such room at this moment.</summary>
    internal bool HasOverlayRoom(int bytes)
    {
        lock (_lock) return bytes <= OverlayBytesMax - _overlayBytes;
    }

    internal void ReturnOverlay(int bytes)
    {
        lock (_lock) _overlayBytes -= bytes;
    }

    /// <summary>The blob was written just now.</summary>
    internal void Touch(Blob blob)
    {
        lock (_lock)
        {
            if (!_blobNodes.TryGetValue(blob, out LinkedListNode<Blob>? node)) _blobNodes.Add(blob, node = new LinkedListNode<Blob>(blob));
            else if (node == _blobs.Last) return;
            else _blobs.Remove(node);
            _blobs.AddLast(node);
        }
    }

    /// <summary>The blob has nothing in memory.</summary>
    internal void Forget(Blob blob)
    {
        lock (_lock)
        {
            if (_blobNodes.Remove(blob, out LinkedListNode<Blob>? node)) _blobs.Remove(node);
        }
    }

    /// <summary>Has a worker store the node.</summary>
    internal void Enqueue(Blob blob, BlobNode node)
    {
        lock (_lock) _queuedBytes += node.Capacity;
        _jobs.Writer.TryWrite(new Job(blob, node, node.Capacity));
    }

    /// <summary>If someone waits for room, has as much stored as is missing. Called without locks, whenever something became storable.</summary>
    internal void Relieve()
    {
        if (!_hasWaiters) return;
        Blob[] blobs;
        long missingBytes;
        lock (_lock)
        {
            Admit();
            if (_waiters.First is not { } first) return;
            missingBytes = first.Value.Bytes - (SizeBytes - _usedBytes) - _queuedBytes;
            if (missingBytes <= 0) return;
            blobs = [.. _blobs];
        }

        missingBytes = Math.Max(missingBytes, SizeBytes / ReliefDivisor);
        StoreException? failure = null;
        foreach (Blob blob in blobs)
        {
            missingBytes -= blob.SealSome(missingBytes);
            if (missingBytes <= 0) return;
            failure ??= blob.SealFailure;
        }

        if (failure is not null) FailFirst(failure);
    }

    private async ValueTask WaitAsync(LinkedListNode<Waiter> node, CancellationToken cancel)
    {
        await using CancellationTokenRegistration registration = cancel.Register(
            () =>
            {
                if (Leave(node)) node.Value.Admitted.SetCanceled(cancel);
            });
        Relieve();
        await node.Value.Admitted.Task;
    }

    private bool Leave(LinkedListNode<Waiter> node)
    {
        lock (_lock)
        {
            if (node.List is null) return false;
            _waiters.Remove(node);
            Admit();
            return true;
        }
    }

    /// <summary>Nothing is being stored and what is left cannot be: whoever waits must hear why.</summary>
    private void FailFirst(StoreException failure)
    {
        LinkedListNode<Waiter>? first;
        lock (_lock)
        {
            Admit();
            first = _waiters.First;
            if (first is null || _queuedBytes > 0) return;
            _waiters.Remove(first);
            Admit();
        }

        first.Value.Admitted.SetException(failure);
    }

    private void Admit()
    {
        while (_waiters.First is { } first && TryTake(first.Value.Bytes))
        {
            _waiters.RemoveFirst();
            first.Value.Admitted.SetResult(); // continuations run elsewhere
        }

        _hasWaiters = _waiters.Count > 0;
    }

    private bool TryTake(long bytes)
    {
        if (bytes > SizeBytes - _usedBytes) return false;
        _usedBytes += bytes;
        _peakBytes = Math.Max(_peakBytes, _usedBytes);
        return true;
    }

    private async Task WorkAsync()
    {
        while (await _jobs.Reader.WaitToReadAsync()) // ReadAllAsync would leave the scheduler
        {
            while (_jobs.Reader.TryRead(out Job job))
            {
                await job.Blob.SealQueuedAsync(job.Node);
                lock (_lock) _queuedBytes -= job.Bytes;
                Relieve();
            }
        }
    }

    private readonly record struct Job(Blob Blob, BlobNode Node, int Bytes);

    private sealed class Waiter(long bytes)
    {
        public long Bytes { get; } = bytes;

        public TaskCompletionSource Admitted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
