using Bazil.Unix;

namespace Bazil.Fuse.Examples;

/// <summary>Making and removing names.</summary>
public partial class MemoryFileSystem
{
    private const int NameBytes = FuseLimits.NameBytes;

    public override ValueTask<Reply<FuseEntry>> Lookup(
        in RequestContext context, FuseNodeId parent, ReadOnlySpan<byte> name, CancellationToken cancellationToken)
    {
        lock (_tree)
        {
            // Asked for by those who hold a file handle (name_to_handle_at(2), NFS) of a node that has left the kernel's cache.
            if (name is [(byte)'.']) return TryGet(parent, out var same) ? new(Entry(same)) : new(Errno.ESTALE);
            if (!TryGetDirectory(parent, out var directory, out var error)) return new(error);
            if (name is [(byte)'.', (byte)'.']) return new(Entry(directory.Directory!.Parent ?? directory));
            return directory.Directory!.Find(name) is { } entry ? new(Entry(entry.Inode)) : new(FuseEntry.Negative(Forever));
        }
    }

    public override ValueTask<Reply<FuseEntry>> MakeDirectory(
        in RequestContext context, FuseNodeId parent, ReadOnlySpan<byte> name, uint mode, uint umask, CancellationToken cancellationToken) =>
        new(Make(context, parent, name, FuseMode.Directory | (mode & FuseMode.PermissionMask), umask, 0, default));

    public override ValueTask<Reply<FuseEntry>> MakeNode(
        in RequestContext context, FuseNodeId parent, ReadOnlySpan<byte> name, uint mode, uint device, uint umask, CancellationToken cancellationToken) =>
        new(Make(context, parent, name, mode, umask, device, default));

    public override ValueTask<Reply<FuseEntry>> MakeSymbolicLink(
        in RequestContext context, FuseNodeId parent, ReadOnlySpan<byte> name, ReadOnlySpan<byte> target, CancellationToken cancellationToken) =>
        new(Make(context, parent, name, FuseMode.SymbolicLink | 0x1FF, 0, 0, target)); // rwxrwxrwx

    public override ValueTask<Reply<ReadOnlyMemory<byte>>> ReadLink(
        in RequestContext context, FuseNodeId node, CancellationToken cancellationToken) =>
        !TryGet(node, out var inode) ? new(Errno.ESTALE)
        : inode.LinkTarget is { } target ? new(new ReadOnlyMemory<byte>(target))
        : new(Errno.EINVAL);

    public override ValueTask<Reply<FuseEntry>> MakeLink(
        in RequestContext context, FuseNodeId node, FuseNodeId newParent, ReadOnlySpan<byte> newName, CancellationToken cancellationToken)
    {
        lock (_tree)
        {
            if (!TryGetDirectory(newParent, out var directory, out var error)) return new(error);
            if (!TryGet(node, out var inode)) return new(Errno.ESTALE);
            if (inode.IsDirectory) return new(Errno.EPERM);
            if (directory.Directory!.Find(newName) is not null) return new(Errno.EEXIST);
            var now = UnixTime.Now(clock);
            directory.Directory.Add(newName, inode);
            SetLinkCount(inode, inode.LinkCount + 1, now);
            Changed(directory, now);
            return new(Entry(inode));
        }
    }

    public override ValueTask<Errno> Unlink(
        in RequestContext context, FuseNodeId parent, ReadOnlySpan<byte> name, CancellationToken cancellationToken)
    {
        lock (_tree)
        {
            if (!TryGetDirectory(parent, out var directory, out var error)) return new(error);
            if (directory.Directory!.Find(name) is not { } entry) return new(Errno.ENOENT);
            if (entry.Inode.IsDirectory) return new(Errno.EISDIR);
            Remove(directory, entry, UnixTime.Now(clock));
            return new(Errno.OK);
        }
    }

    public override ValueTask<Errno> RemoveDirectory(
        in RequestContext context, FuseNodeId parent, ReadOnlySpan<byte> name, CancellationToken cancellationToken)
    {
        lock (_tree)
        {
            if (!TryGetDirectory(parent, out var directory, out var error)) return new(error);
            if (directory.Directory!.Find(name) is not { } entry) return new(Errno.ENOENT);
            if (entry.Inode.Directory is not { } content) return new(Errno.ENOTDIR);
            if (content.Count > 0) return new(Errno.ENOTEMPTY);
            Remove(directory, entry, UnixTime.Now(clock));
            return new(Errno.OK);
        }
    }

    /// <summary>Makes a node and its name, as the caller's or, in a setgid directory, of the directory's group.</summary>
    private Reply<FuseEntry> Make(
        in RequestContext context, FuseNodeId parent, ReadOnlySpan<byte> name, uint mode, uint umask, uint device, ReadOnlySpan<byte> target)
    {
        if (name.Length > NameBytes) return Errno.ENAMETOOLONG;
        lock (_tree)
        {
            if (!TryGetDirectory(parent, out var directory, out var error)) return error;
            if (directory.Directory!.Find(name) is not null) return Errno.EEXIST;
            var inode = MakeInode(context, directory, mode, umask, device, target);
            var now = inode.ChangeTime;
            directory.Directory.Add(name, inode);
            if (inode.IsDirectory) SetLinkCount(directory, directory.LinkCount + 1, now);
            Changed(directory, now);
            return Entry(inode);
        }
    }

    private Inode MakeInode(in RequestContext context, Inode directory, uint mode, uint umask, uint device, ReadOnlySpan<byte> target)
    {
        var isDirectory = FuseMode.IsDirectory(mode);
        var inherits = (directory.Mode & FuseMode.SetGroupId) != 0;
        if (inherits && isDirectory) mode |= FuseMode.SetGroupId;
        var inode = new Inode(++_lastNumber, mode)
        {
            UserId = context.UserId,
            GroupId = inherits ? directory.GroupId : context.GroupId,
            Device = device,
            Content = FuseMode.IsRegular(mode) ? new FileContent(_budget, _chunks) : null,
            LinkTarget = FuseMode.IsSymbolicLink(mode) ? target.ToArray() : null,
            Directory = isDirectory ? new DirectoryContent(directory) : null,
            LinkCount = isDirectory ? 2u : 1u,
        };
        if (inode.LinkTarget is null) inode.InheritPermissions(directory, umask);
        Touch(inode, UnixTime.Now(clock));
        _inodes[inode.Number] = inode;
        return inode;
    }

    private void Remove(Inode directory, DirectoryEntry entry, UnixTime now)
    {
        var inode = entry.Inode;
        directory.Directory!.Remove(entry);
        SetLinkCount(inode, inode.IsDirectory ? 0 : inode.LinkCount - 1, now);
        if (inode.IsDirectory) SetLinkCount(directory, directory.LinkCount - 1, now);
        Changed(directory, now);
        DropIfUnused(inode);
    }

    /// <summary>A directory that new names may go into. With the tree's lock held.</summary>
    private bool TryGetDirectory(FuseNodeId node, out Inode directory, out Errno error)
    {
        error = !TryGet(node, out directory) ? Errno.ESTALE
            : !directory.IsDirectory ? Errno.ENOTDIR
            : directory.LinkCount == 0 ? Errno.ENOENT
            : Errno.OK;
        return error == Errno.OK;
    }
}
