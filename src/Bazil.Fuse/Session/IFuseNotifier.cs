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

    /// <summary>Lets a name expire: the next use looks it up, and what is mounted or open below it stays. OK also where the kernel
    /// is older than 6.2, which drops the name instead.</summary>
    Task<Errno> ExpireEntry(FuseNodeId parent, ReadOnlySpan<byte> name);

    /// <summary>A name was removed elsewhere: it goes at once, and who has the node open keeps it.
    /// ENOTEMPTY for a directory with entries that the kernel knows, EBUSY for one that something is mounted on.</summary>
    Task<Errno> DeleteEntry(FuseNodeId parent, FuseNodeId child, ReadOnlySpan<byte> name);

    /// <summary>Puts data into the page cache of a node, which grows when it must. The data is copied before this returns.</summary>
    Task<Errno> Store(FuseNodeId node, long offset, ReadOnlySpan<byte> data);

    /// <summary>What the page cache holds of a node from <paramref name="offset"/> on, up to the first page that it lacks; null when the
    /// kernel does not know the node or the mount is gone.</summary>
    Task<byte[]?> Retrieve(FuseNodeId node, long offset, int count);

    /// <summary>Wakes who sleeps in poll(2) on an open file, to ask again; see <see cref="FuseFileSystem.Poll"/>.</summary>
    Task<Errno> WakePoll(FusePollHandle waiter);

    /// <summary>Lets every cached name expire at once (Linux 6.16); EINVAL where the kernel does not know it.</summary>
    Task<Errno> ExpireAllEntries();

    /// <summary>Has the kernel send again what was read from it and not answered. Needs <see cref="FuseCapabilities.Resend"/>; requests that are being
    /// handled then come a second time, so this is for a server that took over a connection. EINVAL where the kernel does not know it.</summary>
    Task<Errno> Resend();
}
