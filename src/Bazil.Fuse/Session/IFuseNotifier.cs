using Bazil.Unix;

namespace Bazil.Fuse;

/// <summary>
/// Messages to the kernel about changes that it did not make. May be called from any thread, concurrently; a thread of
/// the mount sends them in order. Do not wait for one inside a handler: the kernel may hold the lock that the
/// notification needs until that handler has answered. The tasks never fail; they yield OK, ENOENT when the kernel had
/// nothing cached (as good), ENOTCONN when the mount is gone, or EAGAIN when 65,536 are waiting already. Once sent, the kernel has dropped what it was told to.
/// </summary>
public interface IFuseNotifier
{
    /// <summary>
    /// Drops the attributes of a node and its cached pages from <paramref name="offset"/>; a <paramref name="length"/> of
    /// 0 or less reaches to the end. A negative offset drops the attributes only.
    /// </summary>
    Task<Errno> InvalidateInode(FuseNodeId node, long offset, long length);

    /// <summary>Drops a name from the kernel's cache, existing or remembered as missing; the next use looks it up.</summary>
    Task<Errno> InvalidateEntry(FuseNodeId parent, ReadOnlySpan<byte> name);
}
