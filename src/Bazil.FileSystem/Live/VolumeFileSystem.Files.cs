using Bazil.FileSystem.Dynamic;
using Bazil.Fuse;
using Bazil.Unix;

namespace Bazil.FileSystem.Live;

// Open files.
public sealed partial class VolumeFileSystem
{
    public override ValueTask<Reply<FuseOpened>> Open(in RequestContext context, FuseNodeId node, FuseOpenMode flags, CancellationToken cancellationToken)
    {
        if (IsVirtual(node)) return new(OpenVirtual(node, flags));
        Reply<FuseHandle> opened = volume.Open(InodeOf(node), flags);
        if (!opened.HasValue) return new(opened.Error);
        if (flags.KillSuidGid) volume.DropPrivileges(InodeOf(node), context);
        if (flags.Truncate) return TruncateOpenedAsync(node, opened.Value, cancellationToken);

        // A reader has nothing to publish when it closes.
        return new(new FuseOpened(opened.Value, flags.CanWrite ? FuseOpenFlags.KeepCache : FuseOpenFlags.KeepCache | FuseOpenFlags.NoFlush));
    }

    public override ValueTask<Reply<FuseReadResult>> Read(
        in RequestContext context, FuseNodeId node, FuseHandle handle, long offset, Memory<byte> buffer, CancellationToken cancellationToken) =>
        IsVirtual(node) ? ReadVirtualAsync(node, handle, offset, buffer, cancellationToken) : volume.ReadAsync(handle, offset, buffer, cancellationToken);

    public override ValueTask<Reply<int>> Write(
        in RequestContext context, FuseNodeId node, FuseHandle handle, long offset, ReadOnlyMemory<byte> buffer, FuseWriteFlags flags, CancellationToken cancellationToken)
    {
        if (IsVirtual(node)) return new(Errno.EROFS);
        if ((flags & FuseWriteFlags.KillSuidGid) != 0) volume.DropPrivileges(InodeOf(node), context);
        return (flags & FuseWriteFlags.FromCache) != 0 ? volume.WritePagesAsync(handle, offset, buffer, cancellationToken) : volume.WriteAsync(handle, offset, buffer, cancellationToken);
    }

    // A signal ends neither a close nor an fsync, as on ext4: after EINTR nobody knows what was saved, and hardly a program expects it.
    public override ValueTask<Errno> Flush(in RequestContext context, FuseNodeId node, FuseHandle handle, ulong lockOwner, CancellationToken cancellationToken) =>
        IsVirtual(node) ? new(Errno.OK) : volume.FlushAsync(handle, CancellationToken.None);

    public override ValueTask<Errno> Fsync(in RequestContext context, FuseNodeId node, FuseHandle handle, bool dataOnly, CancellationToken cancellationToken) =>
        IsVirtual(node) ? new(Errno.OK) : volume.FsyncAsync(handle, CancellationToken.None);

    public override ValueTask<Errno> SyncFileSystem(in RequestContext context, FuseNodeId node, CancellationToken cancellationToken) => SyncAllAsync(cancellationToken);

    private async ValueTask<Errno> SyncAllAsync(CancellationToken cancel)
    {
        await volume.SyncAllAsync(cancel);
        return Errno.OK;
    }

    public override ValueTask<Errno> Release(in RequestContext context, FuseNodeId node, FuseHandle handle, FuseOpenMode flags, CancellationToken cancellationToken) =>
        ReleaseAsync(handle);

    private async ValueTask<Errno> SyncAsync(CancellationToken cancel)
    {
        await volume.SyncAsync(cancel);
        return Errno.OK;
    }

    private async ValueTask<Errno> ReleaseAsync(FuseHandle handle)
    {
        if (_open.TryRemove(handle.Value, out object? state) && state is IVirtualContent content) await content.DisposeAsync();
        else await volume.ReleaseAsync(handle);
        return Errno.OK;
    }

    private async ValueTask<Reply<FuseOpened>> TruncateOpenedAsync(FuseNodeId node, FuseHandle handle, CancellationToken cancel)
    {
        Errno error = Errno.EIO;
        try
        {
            error = await volume.TruncateAsync(InodeOf(node), 0, handle, cancel);
        }
        finally
        {
            if (error != Errno.OK) await volume.ReleaseAsync(handle); // the kernel does not
        }

        return error == Errno.OK ? new FuseOpened(handle) : error;
    }

    private Reply<FuseOpened> OpenVirtual(FuseNodeId node, FuseOpenMode flags)
    {
        if (flags.CanWrite) return Errno.EROFS;
        if (FindVirtual(node) is not { } found) return Errno.ENOENT;
        return found.OpenContent() is { } content ? new FuseOpened(AddOpen(content)) : Errno.EINVAL;
    }

    private async ValueTask<Reply<FuseReadResult>> ReadVirtualAsync(FuseNodeId node, FuseHandle handle, long offset, Memory<byte> buffer, CancellationToken cancel)
    {
        if (!_open.TryGetValue(handle.Value, out object? state) || state is not IVirtualContent content) return Errno.EBADF;
        ContentUse use = FindVirtual(node) is { } found ? ContentUse.ReadOf(found, (ulong)offset) : ContentUse.ReadOf(InodeOf(node), (ulong)offset);
        return FuseReadResult.Filled(await volume.ReadContentAsync(use, (content, Offset: (ulong)offset, buffer), static (read, cancel) => read.content.ReadAsync(read.Offset, read.buffer, cancel), cancel));
    }
}
