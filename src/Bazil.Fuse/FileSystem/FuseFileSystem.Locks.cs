using Bazil.Unix;

namespace Bazil.Fuse;

/// <summary>
/// Locks of files. Only with <see cref="FuseCapabilities.PosixLocks"/> and <see cref="FuseCapabilities.FlockLocks"/>; without
/// them the kernel keeps the locks itself, which is right for a file system that nobody else serves.
/// <see cref="FuseLockTable"/> does the work.
/// </summary>
public abstract partial class FuseFileSystem
{
    /// <summary>A lock that conflicts with <paramref name="wanted"/>, or one of type <see cref="FuseLockType.None"/>. Default: ENOSYS,
    /// after which the kernel keeps POSIX locks itself.</summary>
    public virtual ValueTask<Reply<FuseLock>> GetLock(
        in RequestContext context, FuseNodeId node, FuseHandle handle, ulong owner, in FuseLock wanted, CancellationToken cancellationToken) =>
        new(Errno.ENOSYS);

    /// <summary>
    /// Takes, changes or gives up a lock. When it conflicts: EAGAIN, or with <paramref name="wait"/> an answer that comes
    /// when it no longer does, EINTR when cancelled. Default: ENOSYS, as for <see cref="GetLock"/>.
    /// </summary>
    public virtual ValueTask<Errno> SetLock(
        in RequestContext context,
        FuseNodeId node,
        FuseHandle handle,
        ulong owner,
        in FuseLock wanted,
        bool wait,
        CancellationToken cancellationToken) =>
        new(Errno.ENOSYS);

    /// <summary>
    /// The open file that owned flock(2) locks as <paramref name="owner"/> is gone; comes before <see cref="Release"/>.
    /// POSIX locks of an owner end with <see cref="Flush"/> instead. There is no answer; must not block or throw.
    /// </summary>
    public virtual void ReleaseLocks(FuseNodeId node, FuseHandle handle, ulong owner)
    {
    }
}
