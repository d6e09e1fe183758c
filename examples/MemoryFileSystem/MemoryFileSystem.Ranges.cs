using Bazil.Unix;

namespace Bazil.Fuse.Examples;

/// <summary>Ranges of files: holes, reservations, copies.</summary>
public partial class MemoryFileSystem
{
    /// <summary>Copied in one go, with both files locked; the caller asks for the rest.</summary>
    private const long CopyBytes = 16 << 20;

    public override ValueTask<Reply<long>> Seek(
        in RequestContext context, FuseNodeId node, FuseHandle handle, long offset, SeekWhence whence, CancellationToken cancellationToken)
    {
        if (!TryGet(node, out var inode) || inode.Content is not { } content) return new(Errno.ESTALE);
        lock (inode.Lock)
        {
            if (offset < 0 || offset >= content.Length) return new(Errno.ENXIO);
            var found = content.Find(offset, data: whence == SeekWhence.Data);
            if (found >= 0) return new(found);
            return whence == SeekWhence.Hole ? new(content.Length) : new(Errno.ENXIO);
        }
    }

    public override ValueTask<Errno> Allocate(
        in RequestContext context,
        FuseNodeId node,
        FuseHandle handle,
        long offset,
        long length,
        AllocateModes modes,
        CancellationToken cancellationToken)
    {
        const AllocateModes zeroing = AllocateModes.PunchHole | AllocateModes.ZeroRange;
        if (!TryGet(node, out var inode) || inode.Content is not { } content) return new(Errno.ESTALE);
        if ((modes & ~(AllocateModes.KeepSize | zeroing)) != 0) return new(Errno.EOPNOTSUPP);
        if (offset < 0 || length <= 0) return new(Errno.EINVAL);
        if (offset > FileContent.MaxBytes - length) return new(Errno.EFBIG);
        lock (inode.Lock)
        {
            if ((modes & zeroing) != 0) content.Zero(offset, length);
            if ((modes & AllocateModes.PunchHole) == 0 && !content.TryReserve(offset, length)) return new(Errno.ENOSPC);
            var grows = (modes & AllocateModes.KeepSize) == 0 && offset + length > content.Length;
            if (grows) content.SetLength(offset + length);
            inode.ModificationTime = inode.ChangeTime = UnixTime.Now(clock);
            return new(Errno.OK);
        }
    }

    public override ValueTask<Reply<long>> CopyFileRange(
        in RequestContext context, FileRange source, FileRange target, long length, CancellationToken cancellationToken)
    {
        if (!TryGet(source.Node, out var from) || from.Content is not { } input) return new(Errno.ESTALE);
        if (!TryGet(target.Node, out var to) || to.Content is not { } output) return new(Errno.ESTALE);
        length = Math.Min(length, CopyBytes);
        if (source.Offset < 0 || target.Offset < 0) return new(Errno.EINVAL);
        if (target.Offset > FileContent.MaxBytes - length) return new(Errno.EFBIG);
        // In the order of their numbers, so that two copies in opposite directions do not wait for each other.
        var (first, second) = from.Number <= to.Number ? (from, to) : (to, from);
        lock (first.Lock)
        {
            lock (second.Lock)
            {
                length = Math.Clamp(input.Length - source.Offset, 0, length);
                var copied = output.CopyFrom(input, source.Offset, target.Offset, length);
                if (copied == 0 && length > 0) return new(Errno.ENOSPC);
                to.ModificationTime = to.ChangeTime = UnixTime.Now(clock);
                return new(copied);
            }
        }
    }
}
