using Bazil.FileSystem.Dynamic;
using Bazil.Fuse;
using Bazil.Unix;

namespace Bazil.FileSystem.Live;

// Ranges of open files.
public sealed partial class VolumeFileSystem
{
    public override ValueTask<Reply<long>> Seek(
        in RequestContext context, FuseNodeId node, FuseHandle handle, long offset, SeekWhence whence, CancellationToken cancellationToken) =>
        IsVirtual(node) ? new(SeekVirtual(node, offset, whence)) : volume.SeekAsync(handle, offset, whence, cancellationToken);

    public override ValueTask<Errno> Allocate(
        in RequestContext context, FuseNodeId node, FuseHandle handle, long offset, long length, AllocateModes modes, CancellationToken cancellationToken)
    {
        if (IsVirtual(node)) return new(Errno.EROFS);
        if (context.UserId != 0) volume.DropPrivileges(InodeOf(node), context);
        return volume.AllocateAsync(handle, offset, length, modes, cancellationToken);
    }

    public override ValueTask<Reply<long>> CopyFileRange(
        in RequestContext context, FileRange source, FileRange target, long length, CancellationToken cancellationToken)
    {
        if (IsVirtual(target.Node)) return new(Errno.EROFS);

        if (context.UserId != 0) volume.DropPrivileges(InodeOf(target.Node), context);
        if (!IsVirtual(source.Node)) return volume.CopyRangeAsync(source, target, length, cancellationToken);

        // Out of a snapshot: restored without reading.
        if (_open.GetValueOrDefault(source.Handle.Value) is not ValueContent content) return new(Errno.EBADF);
        return volume.CopyRangeAsync(content, source.Offset, target, length, cancellationToken);
    }

    /// <summary>What does not change is taken as without holes.</summary>
    private Reply<long> SeekVirtual(FuseNodeId node, long offset, SeekWhence whence)
    {
        if (FindVirtual(node) is not { } found) return Errno.ENOENT;
        if (offset < 0 || offset >= found.Attributes.Size) return Errno.ENXIO;
        return whence == SeekWhence.Data ? offset : found.Attributes.Size;
    }
}
