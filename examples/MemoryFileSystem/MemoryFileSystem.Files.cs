using Bazil.Unix;

namespace Bazil.Fuse.Examples;

/// <summary>Open files and directories. There is nothing to remember about an open file, so handles are not used.</summary>
public partial class MemoryFileSystem
{
    /// <summary>What the page cache holds is what the file holds: only the kernel writes.</summary>
    private static readonly FuseOpened Opened = new(default, FuseOpenFlags.KeepCache);

    private static readonly FuseOpened OpenedDirectory = new(default, FuseOpenFlags.KeepCache | FuseOpenFlags.CacheDirectory);

    public override ValueTask<Reply<FuseOpened>> Open(
        in RequestContext context, FuseNodeId node, FuseOpenMode flags, CancellationToken cancellationToken) =>
        TryGet(node, out _) ? new(Opened) : new(Errno.ESTALE);

    public override ValueTask<Reply<FuseCreated>> Create(
        in RequestContext context,
        FuseNodeId parent,
        ReadOnlySpan<byte> name,
        uint mode,
        uint umask,
        FuseOpenMode flags,
        CancellationToken cancellationToken)
    {
        var made = Make(context, parent, name, FuseMode.Regular | (mode & FuseMode.PermissionMask), umask, 0, default);
        return made.HasValue ? new(new FuseCreated(made.Value, Opened)) : new(made.Error);
    }

    public override ValueTask<Reply<FuseCreated>> CreateTemporary(
        in RequestContext context, FuseNodeId parent, uint mode, uint umask, FuseOpenMode flags, CancellationToken cancellationToken)
    {
        lock (_tree)
        {
            if (!TryGetDirectory(parent, out var directory, out var error)) return new(error);
            var inode = MakeInode(context, directory, FuseMode.Regular | (mode & FuseMode.PermissionMask), umask, 0, default);
            SetLinkCount(inode, 0, inode.ChangeTime);
            return new(new FuseCreated(Entry(inode), Opened));
        }
    }

    public override ValueTask<Reply<FuseReadResult>> Read(
        in RequestContext context, FuseNodeId node, FuseHandle handle, long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (!TryGet(node, out var inode) || inode.Content is not { } content) return new(Errno.ESTALE);
        if (offset < 0) return new(Errno.EINVAL);
        lock (inode.Lock) return new(content.Read(offset, buffer));
    }

    public override ValueTask<Reply<int>> Write(
        in RequestContext context,
        FuseNodeId node,
        FuseHandle handle,
        long offset,
        ReadOnlyMemory<byte> buffer,
        FuseWriteFlags flags,
        CancellationToken cancellationToken)
    {
        if (!TryGet(node, out var inode) || inode.Content is not { } content) return new(Errno.ESTALE);
        if (offset < 0 || offset > FileContent.MaxBytes - buffer.Length) return new(Errno.EFBIG);
        lock (inode.Lock)
        {
            if (!content.TryWrite(offset, buffer.Span)) return new(Errno.ENOSPC);
            inode.ModificationTime = inode.ChangeTime = UnixTime.Now(clock);
            if ((flags & FuseWriteFlags.KillSuidGid) != 0) inode.DropPrivileges();
            return new(buffer.Length);
        }
    }

    public override ValueTask<Reply<FuseOpened>> OpenDirectory(
        in RequestContext context, FuseNodeId node, FuseOpenMode flags, CancellationToken cancellationToken) =>
        TryGet(node, out _) ? new(OpenedDirectory) : new(Errno.ESTALE);

    public override ValueTask<Errno> ReadDirectory(
        in RequestContext context, FuseNodeId node, FuseHandle handle, long offset, DirectoryBuffer buffer, CancellationToken cancellationToken)
    {
        lock (_tree)
        {
            if (!TryGet(node, out var directory) || directory.Directory is not { } content) return new(Errno.ESTALE);
            if (offset < 1 && !buffer.TryAdd("."u8, directory.Number, FuseFileType.Directory, 1)) return new(Errno.OK);
            if (offset < 2 && !buffer.TryAdd(".."u8, (content.Parent ?? directory).Number, FuseFileType.Directory, 2)) return new(Errno.OK);
            foreach (var entry in content.After(offset))
            {
                if (!entry.Removed && !TryAdd(buffer, entry)) break;
            }

            return new(Errno.OK);
        }
    }

    private static bool TryAdd(DirectoryBuffer buffer, DirectoryEntry entry)
    {
        if (!buffer.WantsPlus) return buffer.TryAdd(entry.Name, entry.Inode.Number, entry.Inode.Type, entry.Offset);
        if (buffer.TryAddPlus(entry.Name, Entry(entry.Inode), entry.Offset)) return true;
        entry.Inode.Lookups--; // It did not fit, so it does not count.
        return false;
    }
}
