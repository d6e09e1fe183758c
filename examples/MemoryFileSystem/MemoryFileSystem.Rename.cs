using Bazil.Unix;

namespace Bazil.Fuse.Examples;

/// <summary>Renaming, plain, without replacing and exchanging.</summary>
public partial class MemoryFileSystem
{
    public override ValueTask<Errno> Rename(
        in RequestContext context,
        FuseNodeId parent,
        ReadOnlySpan<byte> name,
        FuseNodeId newParent,
        ReadOnlySpan<byte> newName,
        RenameFlags flags,
        CancellationToken cancellationToken)
    {
        if (flags is not (RenameFlags.None or RenameFlags.NoReplace or RenameFlags.Exchange)) return new(Errno.EINVAL);
        lock (_tree)
        {
            if (!TryGetDirectory(parent, out var from, out var error)) return new(error);
            if (!TryGetDirectory(newParent, out var to, out error)) return new(error);
            if (from.Directory!.Find(name) is not { } source) return new(Errno.ENOENT);
            var target = to.Directory!.Find(newName);
            return new(flags switch
            {
                RenameFlags.Exchange => target is null ? Errno.ENOENT : Exchange(from, source, to, target),
                RenameFlags.NoReplace when target is not null => Errno.EEXIST,
                _ => Move(from, source, to, target, newName),
            });
        }
    }

    private Errno Move(Inode from, DirectoryEntry source, Inode to, DirectoryEntry? target, ReadOnlySpan<byte> newName)
    {
        var moved = source.Inode;
        if (target is not null)
        {
            if (target.Inode == moved) return Errno.OK;
            if (moved.IsDirectory && !target.Inode.IsDirectory) return Errno.ENOTDIR;
            if (!moved.IsDirectory && target.Inode.IsDirectory) return Errno.EISDIR;
            if (target.Inode.Directory is { Count: > 0 }) return Errno.ENOTEMPTY;
        }

        var now = UnixTime.Now(clock);
        if (target is not null) Remove(to, target, now);
        from.Directory!.Remove(source);
        to.Directory!.Add(newName, moved);
        Reparent(moved, from, to, now);
        Changed(from, now);
        Changed(to, now);
        return Errno.OK;
    }

    private Errno Exchange(Inode from, DirectoryEntry source, Inode to, DirectoryEntry target)
    {
        var now = UnixTime.Now(clock);
        (source.Inode, target.Inode) = (target.Inode, source.Inode);
        Reparent(target.Inode, from, to, now);
        Reparent(source.Inode, to, from, now);
        Changed(from, now);
        Changed(to, now);
        return Errno.OK;
    }

    private static void Reparent(Inode moved, Inode from, Inode to, UnixTime now)
    {
        lock (moved.Lock) moved.ChangeTime = now;
        if (moved.Directory is not { } content || from == to) return;
        content.Parent = to;
        SetLinkCount(from, from.LinkCount - 1, now);
        SetLinkCount(to, to.LinkCount + 1, now);
    }
}
