using Bazil.Storage.Stores;

namespace Bazil.Storage.Arena;

/// <content>Making things durable, several callers at a time.</content>
public sealed partial class ArenaStore
{
    private readonly Lock _commits = new(); // guards _waiting, _isCommitting and _lastCommit; innermost
    private readonly Lock _committing = new(); // held during a sync: one at a time; before _append
    private readonly List<Segment> _unsynced = []; // with appended bytes that are not durable, oldest first
    private long _nameChanges; // segments made so far
    private long _syncedNameChanges;
    private TaskCompletionSource? _waiting;
    private bool _isCommitting;
    private Task _lastCommit = Task.CompletedTask;

    /// <summary>
    /// The first caller syncs by itself; those who come meanwhile wait for the next sync, one for all of them. Cancelling
    /// ends the wait, not the sync.
    /// </summary>
    public async ValueTask SyncAsync(CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        Task? turn = null;
        lock (_commits)
        {
            if (_isCommitting) turn = (_waiting ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
            _isCommitting = true;
        }

        if (turn is not null)
        {
            await turn.WaitAsync(cancel);
            return;
        }

        try
        {
            Commit();
        }
        finally
        {
            PassOn();
        }
    }

    /// <summary>Starts the sync of those who waited during the last one.</summary>
    private void PassOn()
    {
        lock (_commits)
        {
            if (_waiting is { } waiting)
            {
                _waiting = null;
                _lastCommit = Task.Run(() => CommitFor(waiting));
            }
            else
            {
                _isCommitting = false;
            }
        }
    }

    private void CommitFor(TaskCompletionSource waiting)
    {
        try
        {
            Commit();
            waiting.SetResult();
        }
        catch (Exception exception)
        {
            waiting.SetException(exception); // rethrown by each who waits
        }

        PassOn();
    }

    /// <summary>On return everything appended before the call is durable.</summary>
    /// <exception cref="StoreException">It could not be made so.</exception>
    private void Commit()
    {
        lock (_committing)
        {
            CheckNotBroken();
            (Segment Segment, long Head)[] segments;
            long nameChanges;
            lock (_append)
            {
                segments = [.. _unsynced.Select(segment => (segment, segment.Head))];
                nameChanges = _nameChanges;
            }

            try
            {
                if (nameChanges != _syncedNameChanges) _directory.SyncSegmentNames();
                _syncedNameChanges = nameChanges;
                foreach ((Segment segment, long head) in segments)
                {
                    segment.File.Sync();
                    segment.SyncedBytes = head;
                }
            }
            catch (Exception exception) when (StoreFailure.IsEnvironmental(exception))
            {
                throw FailedSync(exception);
            }

            lock (_append) _unsynced.RemoveAll(segment => segment.SyncedBytes == segment.Head);
        }
    }

    /// <summary>
    /// A sync that fails may have dropped what it could not write: a later one that succeeds would prove nothing, so the store
    /// takes no changes any more. A full disk is another matter: the pages stay, and are written when there is room.
    /// </summary>
    private StoreException FailedSync(Exception exception)
    {
        StoreException failure = FailedWrite("cannot make objects durable", exception);
        if (!failure.IsDiskFull) _broken = failure;
        return failure;
    }

    private void CheckNotBroken()
    {
        if (_broken is { } broken) throw new StoreException($"store {Name} takes no changes since a sync failed: {broken.Message}", broken);
    }
}
