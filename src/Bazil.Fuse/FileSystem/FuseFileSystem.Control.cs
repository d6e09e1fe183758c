using Bazil.Unix;

namespace Bazil.Fuse;

/// <summary>What files can do beyond reading and writing.</summary>
public abstract partial class FuseFileSystem
{
    /// <summary>
    /// ioctl(2) whose data has the direction and size that the number of the command tells. Answers what the caller gets
    /// back as result. <paramref name="output"/> is zero and sent whole. Directories only with
    /// <see cref="FuseCapabilities.DirectoryIoctl"/>. Default: ENOTTY, what the kernel says of commands a file does not know.
    /// </summary>
    public virtual ValueTask<Reply<int>> Ioctl(
        in RequestContext context,
        FuseNodeId node,
        FuseHandle handle,
        uint command,
        ulong argument,
        FuseIoctlFlags flags,
        ReadOnlyMemory<byte> input,
        Memory<byte> output,
        CancellationToken cancellationToken) =>
        new(Errno.ENOTTY);

    /// <summary>
    /// poll(2): which of <paramref name="events"/> hold now. When <paramref name="waiter"/> is given, the caller goes to
    /// sleep if none does, and <see cref="IFuseNotifier.WakePoll"/> wakes it to ask again. One waiter stands for all callers of an open file, and the newest counts.
    /// Default: ENOSYS, after which the kernel takes files as always ready.
    /// </summary>
    public virtual ValueTask<Reply<FusePollEvents>> Poll(
        in RequestContext context,
        FuseNodeId node,
        FuseHandle handle,
        FusePollEvents events,
        FusePollHandle? waiter,
        CancellationToken cancellationToken) =>
        new(Errno.ENOSYS);
}
