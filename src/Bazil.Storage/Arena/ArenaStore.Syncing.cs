using Bazil.Storage.Stores;
using Bazil.Unix;

namespace Bazil.Storage.Arena;

/// <content>Making things durable, several callers at a time.</content>
public sealed partial class ArenaStore
{
    private readonly Lock _committing = new(); // held during a sync: one at a time; before the stripes and _append
    private readonly List<Segment> _unsynced = []; // with appended bytes that are not durable, oldest first
    private readonly GroupCommit _commits;
    private long _nameChanges; // segments made so far
    private long _syncedNameChanges;
    private bool _mustWriteAgain;
    private bool _isClosed; // guarded by _committing

    /// <summary>Callers share one sync. Cancelling ends the wait, not the sync.</summary>
    public ValueTask SyncAsync(CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        CheckNotDisposed();
        return _commits.RunAsync(cancel);
    }

    /// <summary>On return everything appended before the call is durable.</summary>
    /// <exception cref="StoreException">It could not be made so.</exception>
    private void Commit()
    {
        lock (_committing)
        {
            CheckNotBroken();
            ObjectDisposedException.ThrowIf(_isClosed, this);
            (Segment Segment, long Head)[] segments;
            long nameChanges;
            lock (_append)
            {
                segments = [.. _unsynced.Select(segment => (segment, segment.Head))];
                nameChanges = _nameChanges;
            }

            try
            {
                if (_mustWriteAgain) WriteAgain(segments);
                if (nameChanges != _syncedNameChanges) _directory.SyncSegmentNames();
                Volatile.Write(ref _syncedNameChanges, nameChanges);
                foreach ((Segment segment, long head) in segments) Sync(segment, head);
            }
            catch (Exception exception) when (StoreFailure.IsEnvironmental(exception))
            {
                throw FailedSync(exception);
            }

            lock (_append) _unsynced.RemoveAll(segment => segment.SyncedBytes == segment.Head);
        }
    }

    private static void Sync(Segment segment, long head)
    {
        try
        {
            segment.File.Sync();
        }
        catch (ObjectDisposedException) when (segment.IsRetired)
        {
            // It was compacted away meanwhile, after what was live in it had become durable elsewhere.
        }

        segment.SyncedBytes = Math.Max(head, segment.SyncedBytes);
    }

    /// <summary>
    /// A sync met a full disk, or one failed before this process began, and the kernel may have given up pages that it could not place:
    /// what was not synced is read, checked and written once more, which makes the pages due again.
    /// </summary>
    private void WriteAgain((Segment Segment, long Head)[] segments)
    {
        foreach ((Segment segment, long head) in segments)
        {
            if (segment.SyncedBytes < SegmentHeader.SizeBytes) segment.WriteSegmentHeader();
            var walker = new SegmentWalker(segment, head, Math.Max(segment.SyncedBytes, SegmentHeader.SizeBytes));
            while (walker.MoveNext())
            {
                lock (StripeOf(walker.Header.Id))
                {
                    if (walker.IsRecord && segment.TryWriteAgain(walker.Block)) continue;
                }

                throw new UnixException(Errno.EIO, "find again what was written to", segment.Path);
            }
        }

        _mustWriteAgain = false;
    }

    /// <summary>
    /// A sync that fails may have dropped what it could not write: a later one that succeeds would prove nothing, so the store
    /// takes no changes any more. After a full disk what is not durable is written again.
    /// </summary>
    private StoreException FailedSync(Exception exception)
    {
        StoreException failure = FailedWrite("cannot make objects durable", exception);
        if (failure.IsDiskFull) _mustWriteAgain = true;
        else _broken = failure = new StoreException(failure.Message, exception) { IsBroken = true };
        return failure;
    }

    private void CheckNotBroken()
    {
        if (_broken is { } broken) throw new StoreException($"store {Name} takes no changes since a sync failed: {broken.Message}", broken) { IsBroken = true };
    }
}
