using Bazil.Unix;

namespace Bazil.Fuse;

/// <summary>
/// The locks of all files of a mount: POSIX and flock(2), with waiting, cancellation and discovery of deadlocks. A file system
/// hands its <see cref="FuseFileSystem.GetLock"/>, <see cref="FuseFileSystem.SetLock"/>, <see cref="FuseFileSystem.Flush"/>
/// (POSIX locks of an owner end with any close) and <see cref="FuseFileSystem.ReleaseLocks"/> on to it. Thread-safe.
/// </summary>
/// <remarks>
/// Waiters are served in the order they came, as far as nothing held is in their way: a waiter that must go on waiting does not hold up those behind it.
/// </remarks>
public sealed class FuseLockTable
{
    // Guards everything here and in LockedFile; a leaf, nothing is called while it is held.
    private readonly Lock _lock = new();
    private readonly Dictionary<(FuseNodeId Node, FuseLockKind Kind), LockedFile> _files = [];

    /// <summary>Files with locks or waiters.</summary>
    public int Count
    {
        get
        {
            lock (_lock) return _files.Count;
        }
    }

    /// <summary>A lock of somebody else that is in the way of <paramref name="wanted"/>, or one of type <see cref="FuseLockType.None"/>.</summary>
    public FuseLock FindConflict(FuseNodeId node, ulong owner, in FuseLock wanted)
    {
        lock (_lock)
        {
            return _files.TryGetValue((node, wanted.Kind), out var file) && file.FirstConflict(owner, wanted) is { } held
                ? held.Lock
                : wanted with { Type = FuseLockType.None };
        }
    }

    /// <summary>
    /// Takes, changes or gives up a lock. In conflict: EAGAIN, or with <paramref name="wait"/> an answer that comes once it is had: OK, EINTR when
    /// cancelled, EDEADLK at once when those in the way wait for this owner.
    /// </summary>
    public ValueTask<Errno> SetAsync(FuseNodeId node, ulong owner, in FuseLock wanted, bool wait, CancellationToken cancellationToken)
    {
        if (wanted.Start < 0 || wanted.End < wanted.Start) return new(Errno.EINVAL);
        var waiter = new LockWaiter(node, owner, wanted);
        lock (_lock)
        {
            if (!_files.TryGetValue((node, wanted.Kind), out var file))
            {
                if (wanted.Type == FuseLockType.None) return new(Errno.OK);
                _files[(node, wanted.Kind)] = file = new LockedFile();
            }

            if (file.FirstConflict(owner, wanted) is null)
            {
                file.Apply(owner, wanted);
                Settle(node, wanted.Kind, file);
                return new(Errno.OK);
            }

            if (!wait) return new(Errno.EAGAIN);
            if (wanted.Kind == FuseLockKind.Posix && WouldDeadlock(waiter)) return new(Errno.EDEADLK);
            file.Waiters.AddLast(waiter);
        }

        return new(WaitAsync(waiter, cancellationToken));
    }

    /// <summary>Gives up all locks of one kind that <paramref name="owner"/> holds on a file.</summary>
    public void Release(FuseNodeId node, ulong owner, FuseLockKind kind)
    {
        lock (_lock)
        {
            if (!_files.TryGetValue((node, kind), out var file)) return;
            file.Apply(owner, new FuseLock(kind, FuseLockType.None, 0, long.MaxValue, 0));
            Settle(node, kind, file);
        }
    }

    private async Task<Errno> WaitAsync(LockWaiter waiter, CancellationToken cancellationToken)
    {
        await using var registration = cancellationToken.UnsafeRegister(
            static state => ((Action)state!).Invoke(), (Action)(() => Cancel(waiter)));
        return await waiter.Outcome.Task;
    }

    private void Cancel(LockWaiter waiter)
    {
        lock (_lock)
        {
            if (!_files.TryGetValue((waiter.Node, waiter.Wanted.Kind), out var file) || !file.Waiters.Remove(waiter)) return; // It has the lock.
            Settle(waiter.Node, waiter.Wanted.Kind, file);
        }

        waiter.Outcome.TrySetResult(Errno.EINTR);
    }

    /// <summary>Serves those who need wait no longer, and drops a file without locks. With the lock held; the waiters go on elsewhere.</summary>
    private void Settle(FuseNodeId node, FuseLockKind kind, LockedFile file)
    {
        for (var place = file.Waiters.First; place is not null;)
        {
            var (waiter, next) = (place.Value, place.Next);
            if (file.FirstConflict(waiter.Owner, waiter.Wanted) is null)
            {
                file.Waiters.Remove(place);
                file.Apply(waiter.Owner, waiter.Wanted);
                waiter.Outcome.TrySetResult(Errno.OK);
            }

            place = next;
        }

        if (file.IsEmpty) _files.Remove((node, kind));
    }

    /// <summary>Whether somebody in the way waits, directly or through others, for a lock that the owner of <paramref name="newcomer"/> holds.</summary>
    private bool WouldDeadlock(LockWaiter newcomer)
    {
        var seen = new HashSet<ulong>();
        var pending = new Stack<LockWaiter>([newcomer]);
        while (pending.TryPop(out var waiter))
        {
            foreach (var holder in _files[(waiter.Node, FuseLockKind.Posix)].Conflicts(waiter.Owner, waiter.Wanted))
            {
                if (holder.Owner == newcomer.Owner) return true;
                if (!seen.Add(holder.Owner)) continue;
                foreach (var (key, file) in _files)
                {
                    if (key.Kind != FuseLockKind.Posix) continue;
                    foreach (var other in file.Waiters.Where(other => other.Owner == holder.Owner)) pending.Push(other);
                }
            }
        }

        return false;
    }
}
