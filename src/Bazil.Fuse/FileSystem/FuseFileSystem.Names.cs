using Bazil.Unix;

namespace Bazil.Fuse;

/// <summary>Names: what maps them to nodes and changes the map.</summary>
public abstract partial class FuseFileSystem
{
    /// <summary>Resolves a name. ENOENT, or <see cref="FuseEntry.Negative"/> to let the kernel remember. Default: ENOENT.</summary>
    public virtual ValueTask<Reply<FuseEntry>> Lookup(
        in RequestContext context, FuseNodeId parent, ReadOnlySpan<byte> name, CancellationToken cancellationToken) =>
        new(Errno.ENOENT);

    /// <summary>The kernel gives up <paramref name="count"/> lookups of a node. There is no answer; must not block or throw.</summary>
    public virtual void Forget(FuseNodeId node, ulong count)
    {
    }

    /// <summary>The target of a symbolic link, without NUL, 1 to 4095 bytes. Default: EINVAL.</summary>
    public virtual ValueTask<Reply<ReadOnlyMemory<byte>>> ReadLink(
        in RequestContext context, FuseNodeId node, CancellationToken cancellationToken) =>
        new(Errno.EINVAL);

    /// <summary>Makes a symbolic link. Default: EPERM, what the kernel says of file systems without them.</summary>
    public virtual ValueTask<Reply<FuseEntry>> MakeSymbolicLink(
        in RequestContext context, FuseNodeId parent, ReadOnlySpan<byte> name, ReadOnlySpan<byte> target, CancellationToken cancellationToken) =>
        new(Errno.EPERM);

    /// <summary>Makes a directory with permission bits <paramref name="mode"/>. The kernel has applied <paramref name="umask"/>
    /// unless <see cref="FuseCapabilities.DontMask"/> was agreed. Default: EPERM.</summary>
    public virtual ValueTask<Reply<FuseEntry>> MakeDirectory(
        in RequestContext context, FuseNodeId parent, ReadOnlySpan<byte> name, uint mode, uint umask, CancellationToken cancellationToken) =>
        new(Errno.EPERM);

    /// <summary>Makes a file, fifo, socket or device node; <paramref name="mode"/> holds the type too. Default: EPERM.</summary>
    public virtual ValueTask<Reply<FuseEntry>> MakeNode(
        in RequestContext context, FuseNodeId parent, ReadOnlySpan<byte> name, uint mode, uint device, uint umask, CancellationToken cancellationToken) =>
        new(Errno.EPERM);

    /// <summary>Makes a second name for a node. Default: EPERM.</summary>
    public virtual ValueTask<Reply<FuseEntry>> MakeLink(
        in RequestContext context, FuseNodeId node, FuseNodeId newParent, ReadOnlySpan<byte> newName, CancellationToken cancellationToken) =>
        new(Errno.EPERM);

    /// <summary>Removes a name that is not a directory. The node lives on while it is open or looked up. Default: EPERM.</summary>
    public virtual ValueTask<Errno> Unlink(
        in RequestContext context, FuseNodeId parent, ReadOnlySpan<byte> name, CancellationToken cancellationToken) =>
        new(Errno.EPERM);

    /// <summary>Removes an empty directory; ENOTEMPTY otherwise. Default: EPERM.</summary>
    public virtual ValueTask<Errno> RemoveDirectory(
        in RequestContext context, FuseNodeId parent, ReadOnlySpan<byte> name, CancellationToken cancellationToken) =>
        new(Errno.EPERM);

    /// <summary>Renames, replacing what the new name held. Flags that are not supported: EINVAL. Default: EPERM.</summary>
    public virtual ValueTask<Errno> Rename(
        in RequestContext context,
        FuseNodeId parent,
        ReadOnlySpan<byte> name,
        FuseNodeId newParent,
        ReadOnlySpan<byte> newName,
        RenameFlags flags,
        CancellationToken cancellationToken) =>
        new(Errno.EPERM);
}
