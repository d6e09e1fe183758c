using Bazil.Unix;

namespace Bazil.Fuse;

/// <summary>Attributes, extended attributes and permissions.</summary>
public abstract partial class FuseFileSystem
{
    private const uint EmptyRootMode = FuseMode.Directory | 0x16D; // r-xr-xr-x

    /// <summary>Attributes of a node; <paramref name="handle"/> is given when they are asked for through an open file.
    /// Default: the root is an empty directory, everything else ENOENT.</summary>
    public virtual ValueTask<Reply<FuseTimedAttributes>> GetAttributes(
        in RequestContext context, FuseNodeId node, FuseHandle? handle, CancellationToken cancellationToken) =>
        node == FuseNodeId.Root
            ? new(new FuseTimedAttributes(new FuseAttributes { Inode = 1, Mode = EmptyRootMode, LinkCount = 2 }, TimeSpan.Zero))
            : new(Errno.ENOENT);

    /// <summary>Attributes with the time of birth, for statx(2) with a mask that asks for it. Default: ENOSYS, after which the
    /// kernel uses <see cref="GetAttributes"/>.</summary>
    public virtual ValueTask<Reply<FuseStatx>> GetStatx(
        in RequestContext context, FuseNodeId node, FuseHandle? handle, CancellationToken cancellationToken) =>
        new(Errno.ENOSYS);

    /// <summary>Changes mode, owner, size or times, all or nothing, and answers the attributes after it. Default: EPERM.</summary>
    public virtual ValueTask<Reply<FuseTimedAttributes>> SetAttributes(
        in RequestContext context, FuseNodeId node, in AttributeChanges changes, CancellationToken cancellationToken) =>
        new(Errno.EPERM);

    /// <summary>
    /// Whether the caller may do what <paramref name="mask"/> says. Not sent with
    /// <see cref="FuseMountOptions.DefaultPermissions"/>. Default: ENOSYS, after which the kernel allows without asking.
    /// </summary>
    public virtual ValueTask<Errno> Access(
        in RequestContext context, FuseNodeId node, AccessMask mask, CancellationToken cancellationToken) =>
        new(Errno.ENOSYS);

    /// <summary>The value of an extended attribute, whole; ENODATA when there is none. Default: ENOSYS, after which the kernel
    /// answers EOPNOTSUPP itself and stops asking for <c>security.capability</c> at every write.</summary>
    public virtual ValueTask<Reply<ReadOnlyMemory<byte>>> GetXattr(
        in RequestContext context, FuseNodeId node, ReadOnlySpan<byte> name, CancellationToken cancellationToken) =>
        new(Errno.ENOSYS);

    /// <summary>All names of extended attributes, each with a final NUL, one after the other. Default: ENOSYS, as for <see cref="GetXattr"/>.</summary>
    public virtual ValueTask<Reply<ReadOnlyMemory<byte>>> ListXattrs(
        in RequestContext context, FuseNodeId node, CancellationToken cancellationToken) =>
        new(Errno.ENOSYS);

    /// <summary>Sets an extended attribute. Default: ENOSYS, as for <see cref="GetXattr"/>.</summary>
    public virtual ValueTask<Errno> SetXattr(
        in RequestContext context,
        FuseNodeId node,
        ReadOnlySpan<byte> name,
        ReadOnlySpan<byte> value,
        XattrFlags flags,
        CancellationToken cancellationToken) =>
        new(Errno.ENOSYS);

    /// <summary>Removes an extended attribute; ENODATA when there is none. Default: ENOSYS, as for <see cref="GetXattr"/>.</summary>
    public virtual ValueTask<Errno> RemoveXattr(
        in RequestContext context, FuseNodeId node, ReadOnlySpan<byte> name, CancellationToken cancellationToken) =>
        new(Errno.ENOSYS);
}
