using Bazil.Unix;

namespace Bazil.Fuse;

/// <summary>Open files and their data.</summary>
public abstract partial class FuseFileSystem
{
    /// <summary>Opens a file that exists. Default: succeeds, with handle 0.</summary>
    public virtual ValueTask<Reply<FuseOpened>> Open(
        in RequestContext context, FuseNodeId node, FuseOpenMode flags, CancellationToken cancellationToken) =>
        new(default(FuseOpened));

    /// <summary>
    /// Makes a file and opens it; an existing name is EEXIST with <see cref="FuseOpenMode.Exclusive"/> and is opened
    /// otherwise. <paramref name="umask"/> as for <see cref="MakeDirectory"/>. Default: ENOSYS, after which the kernel uses
    /// <see cref="MakeNode"/> and <see cref="Open"/>.
    /// </summary>
    public virtual ValueTask<Reply<FuseCreated>> Create(
        in RequestContext context,
        FuseNodeId parent,
        ReadOnlySpan<byte> name,
        uint mode,
        uint umask,
        FuseOpenMode flags,
        CancellationToken cancellationToken) =>
        new(Errno.ENOSYS);

    /// <summary>Makes and opens a file without a name (O_TMPFILE) in the file system of <paramref name="parent"/>; its link count is 0.
    /// Default: ENOSYS, after which the kernel answers EOPNOTSUPP itself.</summary>
    public virtual ValueTask<Reply<FuseCreated>> CreateTemporary(
        in RequestContext context, FuseNodeId parent, uint mode, uint umask, FuseOpenMode flags, CancellationToken cancellationToken) =>
        new(Errno.ENOSYS);

    /// <summary>
    /// Reads into <paramref name="buffer"/>, whose length is what was asked for, or answers memory of its own. Fewer bytes
    /// than asked for mean end of file (with <see cref="FuseOpenFlags.DirectIo"/>: what there is). Default: EINVAL.
    /// </summary>
    public virtual ValueTask<Reply<FuseReadResult>> Read(
        in RequestContext context, FuseNodeId node, FuseHandle handle, long offset, Memory<byte> buffer, CancellationToken cancellationToken) =>
        new(Errno.EINVAL);

    /// <summary>Writes and answers the number of bytes taken: all of them, unless there is an error. Default: EINVAL.</summary>
    public virtual ValueTask<Reply<int>> Write(
        in RequestContext context,
        FuseNodeId node,
        FuseHandle handle,
        long offset,
        ReadOnlyMemory<byte> buffer,
        FuseWriteFlags flags,
        CancellationToken cancellationToken) =>
        new(Errno.EINVAL);

    /// <summary>
    /// close(2) of one descriptor, the last chance to report an error; comes once for each close, so several times for a
    /// duplicated descriptor, or never. Default: ENOSYS, taken as success, and never sent again.
    /// </summary>
    public virtual ValueTask<Errno> Flush(
        in RequestContext context, FuseNodeId node, FuseHandle handle, ulong lockOwner, CancellationToken cancellationToken) =>
        new(Errno.ENOSYS);

    /// <summary>The last reference of the open file is gone; comes exactly once. The caller does not see the answer. Default: OK.</summary>
    public virtual ValueTask<Errno> Release(
        in RequestContext context, FuseNodeId node, FuseHandle handle, FuseOpenMode flags, CancellationToken cancellationToken) =>
        new(Errno.OK);

    /// <summary>Makes the file durable, without attributes that are not needed to read it when <paramref name="dataOnly"/>.
    /// Default: ENOSYS, taken as success, and never sent again.</summary>
    public virtual ValueTask<Errno> Fsync(
        in RequestContext context, FuseNodeId node, FuseHandle handle, bool dataOnly, CancellationToken cancellationToken) =>
        new(Errno.ENOSYS);

    /// <summary>Finds data or a hole. ENXIO beyond the end. Default: ENOSYS, after which the kernel treats files as without holes.</summary>
    public virtual ValueTask<Reply<long>> Seek(
        in RequestContext context, FuseNodeId node, FuseHandle handle, long offset, SeekWhence whence, CancellationToken cancellationToken) =>
        new(Errno.ENOSYS);

    /// <summary>Reserves, punches, zeroes or shifts a range; EOPNOTSUPP for modes that are not supported.
    /// Default: ENOSYS, after which the kernel answers EOPNOTSUPP itself.</summary>
    public virtual ValueTask<Errno> Allocate(
        in RequestContext context,
        FuseNodeId node,
        FuseHandle handle,
        long offset,
        long length,
        AllocateModes modes,
        CancellationToken cancellationToken) =>
        new(Errno.ENOSYS);

    /// <summary>Copies within the file system and answers the bytes copied. Default: ENOSYS, after which the kernel copies by reading and writing.</summary>
    public virtual ValueTask<Reply<long>> CopyFileRange(
        in RequestContext context, FileRange source, FileRange target, long length, CancellationToken cancellationToken) =>
        new(Errno.ENOSYS);
}
