namespace Bazil.Fuse.Examples.Passthrough;

/// <summary>Open files and directories.</summary>
public sealed partial class PassthroughFileSystem
{
    public override ValueTask<Reply<FuseOpened>> Open(
        in RequestContext context, FuseNodeId node, FuseOpenMode flags, CancellationToken cancellationToken) =>
        new(Opened(Libc.open(NativePath.Of(_nodes[node]), FlagsOf(flags) & ~Libc.O_NOFOLLOW)));

    public override ValueTask<Reply<FuseCreated>> Create(
        in RequestContext context, FuseNodeId parent, ReadOnlySpan<byte> name, uint mode, uint umask, FuseOpenMode flags, CancellationToken cancellationToken)
    {
        var (directory, path) = (_nodes[parent], NativePath.Of(name));
        var opened = Opened(Libc.openat(directory, path, FlagsOf(flags), mode));
        if (!opened.HasValue) return new(opened.Error);
        var entry = Made(context, directory, path, 0);
        if (entry.HasValue) return new(new FuseCreated(entry.Value, opened.Value));
        Close(opened.Value.Handle);
        return new(entry.Error);
    }

    public override ValueTask<Reply<FuseReadResult>> Read(
        in RequestContext context, FuseNodeId node, FuseHandle handle, long offset, Memory<byte> buffer, CancellationToken cancellationToken) =>
        Libc.pread(_files[handle.Value], buffer.Span, (nuint)buffer.Length, offset) is >= 0 and var count
            ? new(FuseReadResult.Filled((int)count))
            : new(Libc.LastError);

    public override ValueTask<Reply<int>> Write(
        in RequestContext context, FuseNodeId node, FuseHandle handle, long offset,
        ReadOnlyMemory<byte> buffer, FuseWriteFlags flags, CancellationToken cancellationToken) =>
        Libc.pwrite(_files[handle.Value], buffer.Span, (nuint)buffer.Length, offset) is >= 0 and var count ? new((int)count) : new(Libc.LastError);

    public override ValueTask<Errno> Release(
        in RequestContext context, FuseNodeId node, FuseHandle handle, FuseOpenMode flags, CancellationToken cancellationToken) => new(Close(handle));

    public override ValueTask<Errno> Fsync(
        in RequestContext context, FuseNodeId node, FuseHandle handle, bool dataOnly, CancellationToken cancellationToken) =>
        new(Libc.ErrorOf(dataOnly ? Libc.fdatasync(_files[handle.Value]) : Libc.fsync(_files[handle.Value])));

    public override ValueTask<Reply<long>> Seek(
        in RequestContext context, FuseNodeId node, FuseHandle handle, long offset, SeekWhence whence, CancellationToken cancellationToken) =>
        Libc.lseek(_files[handle.Value], offset, (int)whence) is >= 0 and var found ? new(found) : new(Libc.LastError);

    public override ValueTask<Errno> Allocate(
        in RequestContext context, FuseNodeId node, FuseHandle handle, long offset, long length, AllocateModes modes, CancellationToken cancellationToken) =>
        new(Libc.ErrorOf(Libc.fallocate(_files[handle.Value], (int)modes, offset, length)));

    public override ValueTask<Reply<FuseOpened>> OpenDirectory(
        in RequestContext context, FuseNodeId node, FuseOpenMode flags, CancellationToken cancellationToken)
    {
        var handle = Libc.open(NativePath.Of(_nodes[node]), Libc.O_CLOEXEC);
        if (handle.IsInvalid) return new(Libc.LastError);
        var id = new FuseHandle(Interlocked.Increment(ref _lastHandle));
        _directories[id.Value] = new OpenDirectory(handle);
        return new(new FuseOpened(id, exclusive ? _cache | FuseOpenFlags.CacheDirectory : _cache));
    }

    public override ValueTask<Errno> ReadDirectory(
        in RequestContext context, FuseNodeId node, FuseHandle handle, long offset, DirectoryBuffer buffer, CancellationToken cancellationToken)
    {
        var (parent, directory) = (_nodes[node], _directories[handle.Value]);
        directory.MoveTo(offset);
        while (true)
        {
            var error = directory.TryPeek(out var name, out var inode, out var type, out var next);
            if (error != Errno.OK || name.IsEmpty || !TryAdd(buffer, parent, name, inode, type, next)) return new(error);
            directory.Advance();
        }
    }

    public override ValueTask<Errno> ReleaseDirectory(
        in RequestContext context, FuseNodeId node, FuseHandle handle, FuseOpenMode flags, CancellationToken cancellationToken)
    {
        if (_directories.TryRemove(handle.Value, out var directory)) directory.Handle.Dispose();
        return new(Errno.OK);
    }

    public override ValueTask<Errno> FsyncDirectory(
        in RequestContext context, FuseNodeId node, FuseHandle handle, bool dataOnly, CancellationToken cancellationToken) =>
        new(Libc.ErrorOf(Libc.fsync(_directories[handle.Value].Handle)));

    private bool TryAdd(DirectoryBuffer buffer, SafeFileHandle parent, ReadOnlySpan<byte> name, ulong inode, FuseFileType type, long next)
    {
        if (!buffer.WantsPlus || name is [(byte)'.'] or [(byte)'.', (byte)'.']) return buffer.TryAdd(name, inode, type, next);
        var entry = LookUp(parent, NativePath.Of(name));
        if (!entry.HasValue) return buffer.TryAdd(name, inode, type, next); // Just removed: the kernel will see for itself.
        if (buffer.TryAddPlus(name, entry.Value, next)) return true;
        _nodes.Forget(entry.Value.Node, 1); // It did not fit, so it does not count.
        return false;
    }

    /// <summary>The server's reads and writes go through the page cache, whatever the caller wants of his own.</summary>
    private static int FlagsOf(FuseOpenMode mode) => ((int)mode.Value & ~Libc.O_DIRECT) | Libc.O_CLOEXEC;

    private Reply<FuseOpened> Opened(SafeFileHandle handle)
    {
        if (handle.IsInvalid) return Libc.LastError;
        var id = new FuseHandle(Interlocked.Increment(ref _lastHandle));
        _files[id.Value] = handle;
        return new FuseOpened(id, _cache);
    }

    private Errno Close(FuseHandle handle)
    {
        if (_files.TryRemove(handle.Value, out var file)) file.Dispose();
        return Errno.OK;
    }
}
