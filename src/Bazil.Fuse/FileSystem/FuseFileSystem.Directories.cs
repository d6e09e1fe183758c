using Bazil.Unix;

namespace Bazil.Fuse;

/// <summary>Open directories.</summary>
public abstract partial class FuseFileSystem
{
    /// <summary>Opens a directory. Default: succeeds, with handle 0. ENOSYS for all directories, with
    /// <see cref="FuseCapabilities.NoOpenDirectory"/>, spares the kernel opening and releasing them.</summary>
    public virtual ValueTask<Reply<FuseOpened>> OpenDirectory(
        in RequestContext context, FuseNodeId node, FuseOpenMode flags, CancellationToken cancellationToken) =>
        new(default(FuseOpened));

    /// <summary>
    /// Adds the entries that follow <paramref name="offset"/> (0, or what an earlier entry gave as its next offset) until
    /// there are none left or the buffer takes no more. <c>.</c> and <c>..</c> are entries like others, added by name.
    /// An error is sent only when nothing was added. Default: no entries.
    /// </summary>
    public virtual ValueTask<Errno> ReadDirectory(
        in RequestContext context, FuseNodeId node, FuseHandle handle, long offset, DirectoryBuffer buffer, CancellationToken cancellationToken) =>
        new(Errno.OK);

    /// <summary>The open directory is gone; comes exactly once. Default: OK.</summary>
    public virtual ValueTask<Errno> ReleaseDirectory(
        in RequestContext context, FuseNodeId node, FuseHandle handle, FuseOpenMode flags, CancellationToken cancellationToken) =>
        new(Errno.OK);

    /// <summary>Makes the names in a directory durable. Default: ENOSYS, taken as success, and never sent again.</summary>
    public virtual ValueTask<Errno> FsyncDirectory(
        in RequestContext context, FuseNodeId node, FuseHandle handle, bool dataOnly, CancellationToken cancellationToken) =>
        new(Errno.ENOSYS);
}
