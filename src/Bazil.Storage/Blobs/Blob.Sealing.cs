using Bazil.Core;
using Bazil.Storage.Cas;
using Bazil.Storage.Stores;

namespace Bazil.Storage.Blobs;

/// <content>Storing of nodes: in the background when they stopped changing or room is needed, and all of them in a save.</content>
public sealed partial class Blob
{
    private StoreException? _sealFailure;
    private int _sealingCount;
    private int _pauseCount;
    private int _savingLevel = -1;
    private TaskCompletionSource? _sealingPaused;

    /// <summary>The failure of a background seal that nobody heard of yet.</summary>
    internal StoreException? SealFailure
    {
        get
        {
            lock (_lock) return _sealFailure;
        }
    }

    /// <summary>
    /// Stores everything that changed and returns the manifest of the content. The blob stays usable. Not durable before
    /// the chunk store is synced. When it throws, nothing is lost and it may be called again.
    /// </summary>
    public async ValueTask<Manifest> SaveAsync(CancellationToken cancel)
    {
        await _gate.EnterSharedAsync(cancel);
        try
        {
            await _saveGate.EnterExclusiveAsync(cancel);
            try
            {
                ObjectDisposedException.ThrowIf(_isDisposed, this);
                return await SaveLevelsAsync(cancel);
            }
            finally
            {
                _saveGate.ExitExclusive();
            }
        }
        finally
        {
            _gate.ExitShared();
            _context.Budget.Relieve();
        }
    }

    /// <summary>
    /// What the blob refers to in the chunk store at this moment, saved or not: the subtrees hold every chunk that was stored for
    /// it. What is stored later is not among them.
    /// </summary>
    public async ValueTask<IReadOnlyList<BlobSubtree>> ListStoredAsync(CancellationToken cancel)
    {
        await _gate.EnterSharedAsync(cancel);
        try
        {
            // A chunk that is being stored now has no key yet.
            await PauseSealingAsync();
            lock (_lock)
            {
                _pauseCount--;
                return
                [
                    .. _tree.StoredRoots().Where(root => !root.Key.IsZero)
                        .Select(root => new BlobSubtree(root.Key, (byte)root.Level, _layout.ChunkSizeBytes, _layout.Fanout, _keyEpoch)),
                ];
            }
        }
        finally
        {
            _gate.ExitShared();
            _context.Budget.Relieve();
        }
    }

    /// <summary>Drops or queues for storing about so many bytes; returns how many it found.</summary>
    internal long SealSome(long bytes)
    {
        lock (_lock)
        {
            long found = 0;
            if (_tree.Hot is { State: BlobNode.NodeState.Clean } hot)
            {
                _tree.Hot = null;
                found += hot.PinCount == 0 ? hot.Capacity : 0;
                _tree.DropIfIdle(hot);
            }

            foreach (BlobNode node in _tree.Nodes)
            {
                if (found >= bytes) break;
                if (node.IsQueued || node.HasFailed || !CanSeal(node)) continue;
                Enqueue(node);
                found += node.Capacity;
            }

            if (_tree.Count == 0) _context.Budget.Forget(this);
            return found;
        }
    }

    /// <summary>Called by a worker for a node that was queued. Never throws: failures are kept for the next write or save.</summary>
    internal async Task SealQueuedAsync(BlobNode node)
    {
        try
        {
            await SealAsync(node, CancellationToken.None);
        }
        catch (Exception)
        {
            // Kept in _sealFailure by SealAsync, and the node stays dirty.
        }
    }

    private async ValueTask<Manifest> SaveLevelsAsync(CancellationToken cancel)
    {
        lock (_lock) TakeFailure(); // what failed is tried again now
        await FoldOverlaysAsync(cancel);
        try
        {
            for (int level = 0; level <= _tree.Depth; level++) await SaveLevelAsync(level, cancel);
        }
        finally
        {
            lock (_lock) _savingLevel = -1;
        }

        lock (_lock)
        {
            _isDirty = false;
            if (_tree.RootKey.IsZero) BeginEpoch(); // nothing is sealed
            return new Manifest(_tree.RootKey, _sizeBytes, _layout.ChunkSizeBytes, _layout.Fanout, _keyEpoch);
        }
    }

    /// <summary>Stores the dirty nodes of one level; those below are clean.</summary>
    private async ValueTask SaveLevelAsync(int level, CancellationToken cancel)
    {
        while (true)
        {
            BlobNode? single = null;
            var ends = new List<Task>();
            lock (_lock)
            {
                if (TakeFailure() is { } failure) throw failure;
                _savingLevel = level;
                BlobNode[] unsaved = [.. _tree.Nodes.Where(node => node.Level == level && node.State != BlobNode.NodeState.Clean)];
                if (unsaved.Length == 0) return;
                if (unsaved is [{ IsQueued: false, State: BlobNode.NodeState.Dirty }]) single = unsaved[0];
                else ends.AddRange(unsaved.Select(QueueAndWaitAsync));
            }

            if (single is not null) await SealAsync(single, cancel);
            else await Task.WhenAll(ends).WaitAsync(cancel);
        }
    }

    private Task QueueAndWaitAsync(BlobNode node)
    {
        if (node.State == BlobNode.NodeState.Dirty) Enqueue(node);
        return (node.SealEnd ??= NewSealEnd()).Task;
    }

    private void Enqueue(BlobNode node)
    {
        if (node.IsQueued) return;
        node.IsQueued = true;
        _context.Budget.Enqueue(this, node);
    }

    /// <summary>A pointer chunk waits for the children in memory, but in a save, which goes level by level.</summary>
    private bool CanSeal(BlobNode node) =>
        node is { State: BlobNode.NodeState.Dirty, IsBeingWritten: false, IsDropped: false }
        && _pauseCount == 0
        && (node.ChildCount == 0 || node.Level <= _savingLevel);

    private async ValueTask SealAsync(BlobNode node, CancellationToken cancel)
    {
        lock (_lock)
        {
            node.IsQueued = false;
            if (node.State == BlobNode.NodeState.Sealing) return;
            if (!CanSeal(node))
            {
                CompleteSealEnd(node);
                return;
            }

            node.State = BlobNode.NodeState.Sealing;
            _sealingCount++;
        }

        try
        {
            ChunkKey key = await _chunks.PutAsync(ChunkType.File, (byte)node.Level, node.Content, cancel);
            _context.Unsynced?.Add(node.Level, key); // before anything can name it
            lock (_lock) FinishSeal(node, key);
        }
        catch (Exception exception)
        {
            lock (_lock) FailSeal(node, exception);
            throw;
        }
    }

    private void FinishSeal(BlobNode node, in ChunkKey key)
    {
        BlobNode? parent = node.Parent;
        _tree.SetKey(node, key);
        node.HasFailed = false;
        _tree.DropIfIdle(node);
        if (parent is { ChildCount: 0 } && parent.SealedChildCount >= _layout.Fanout) Enqueue(parent);
        EndSeal(node);
    }

    private void FailSeal(BlobNode node, Exception exception)
    {
        node.State = BlobNode.NodeState.Dirty;
        if (exception is not OperationCanceledException)
        {
            node.HasFailed = true;
            _sealFailure ??= exception as StoreException ?? new StoreException($"a chunk could not be stored: {exception.Message}", exception);
        }

        EndSeal(node);
    }

    private void EndSeal(BlobNode node)
    {
        CompleteSealEnd(node);
        _sealingCount--;
        if (_sealingCount > 0 || _sealingPaused is not { } paused) return;
        _sealingPaused = null;
        paused.SetResult(); // continuations run elsewhere
    }

    private static void CompleteSealEnd(BlobNode node)
    {
        node.SealEnd?.SetResult(); // continuations run elsewhere
        node.SealEnd = null;
    }

    /// <summary>Stops seals from starting and waits for those under way. The caller takes <see cref="_pauseCount"/> back.</summary>
    private async ValueTask PauseSealingAsync()
    {
        Task paused;
        lock (_lock)
        {
            _pauseCount++;
            if (_sealingCount == 0) return;
            paused = (_sealingPaused ??= NewSealEnd()).Task;
        }

        await paused;
    }

    /// <summary>Takes the failure that is to be reported, and lets what failed be tried again.</summary>
    private StoreException? TakeFailure()
    {
        StoreException? failure = _sealFailure;
        if (failure is null) return null;
        _sealFailure = null;
        foreach (BlobNode node in _tree.Nodes) node.HasFailed = false;
        return failure;
    }

    private static TaskCompletionSource NewSealEnd() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
