using Bazil.Unix;

namespace Bazil.Fuse.Examples;

/// <summary>
/// Locks, for mounts that ask for them (<see cref="FuseCapabilities.PosixLocks"/>, <see cref="FuseCapabilities.FlockLocks"/>). The others
/// leave them to the kernel, which is as good for a file system of one machine and spares a FLUSH at every close.
/// </summary>
public partial class MemoryFileSystem
{
    private readonly FuseLockTable _locks = new();
    private bool _keepsPosixLocks;

    /// <summary>Files that are locked.</summary>
    public int LockedFileCount => _locks.Count;

    public override ValueTask<Reply<FuseLock>> GetLock(
        in RequestContext context, FuseNodeId node, FuseHandle handle, ulong owner, in FuseLock wanted, CancellationToken cancellationToken) =>
        new(_locks.FindConflict(node, owner, wanted));

    public override ValueTask<Errno> SetLock(
        in RequestContext context,
        FuseNodeId node,
        FuseHandle handle,
        ulong owner,
        in FuseLock wanted,
        bool wait,
        CancellationToken cancellationToken) =>
        _locks.SetAsync(node, owner, wanted, wait, cancellationToken);

    public override void ReleaseLocks(FuseNodeId node, FuseHandle handle, ulong owner) => _locks.Release(node, owner, FuseLockKind.Flock);

    public override ValueTask<Errno> Flush(
        in RequestContext context, FuseNodeId node, FuseHandle handle, ulong lockOwner, CancellationToken cancellationToken)
    {
        if (!_keepsPosixLocks) return new(Errno.ENOSYS);
        _locks.Release(node, lockOwner, FuseLockKind.Posix);
        return new(Errno.OK);
    }
}
