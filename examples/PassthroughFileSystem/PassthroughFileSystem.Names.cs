namespace Bazil.Fuse.Examples.Passthrough;

/// <summary>Names: each call goes on below the descriptor of the parent.</summary>
public sealed partial class PassthroughFileSystem
{
    public override ValueTask<Reply<FuseEntry>> Lookup(
        in RequestContext context, FuseNodeId parent, ReadOnlySpan<byte> name, CancellationToken cancellationToken)
    {
        var entry = LookUp(_nodes[parent], NativePath.Of(name));
        return new(entry.Error == Errno.ENOENT ? FuseEntry.Negative(_validity) : entry);
    }

    public override void Forget(FuseNodeId node, ulong count) => _nodes.Forget(node, count);

    public override ValueTask<Reply<ReadOnlyMemory<byte>>> ReadLink(
        in RequestContext context, FuseNodeId node, CancellationToken cancellationToken)
    {
        var target = new byte[FuseLimits.LinkTargetBytes];
        var length = (int)Libc.readlinkat(_nodes[node], default, target, (nuint)target.Length);
        return new(length < 0 ? Libc.LastError : new ReadOnlyMemory<byte>(target, 0, length));
    }

    public override ValueTask<Reply<FuseEntry>> MakeSymbolicLink(
        in RequestContext context, FuseNodeId parent, ReadOnlySpan<byte> name, ReadOnlySpan<byte> target, CancellationToken cancellationToken)
    {
        var (directory, path) = (_nodes[parent], NativePath.Of(name));
        return new(Made(context, directory, path, Libc.symlinkat([.. target, 0], directory, path)));
    }

    public override ValueTask<Reply<FuseEntry>> MakeDirectory(
        in RequestContext context, FuseNodeId parent, ReadOnlySpan<byte> name, uint mode, uint umask, CancellationToken cancellationToken)
    {
        var (directory, path) = (_nodes[parent], NativePath.Of(name));
        return new(Made(context, directory, path, Libc.mkdirat(directory, path, mode)));
    }

    public override ValueTask<Reply<FuseEntry>> MakeNode(
        in RequestContext context, FuseNodeId parent, ReadOnlySpan<byte> name, uint mode, uint device, uint umask, CancellationToken cancellationToken)
    {
        var (directory, path) = (_nodes[parent], NativePath.Of(name));
        return new(Made(context, directory, path, Libc.mknodat(directory, path, mode, device)));
    }

    public override ValueTask<Reply<FuseEntry>> MakeLink(
        in RequestContext context, FuseNodeId node, FuseNodeId newParent, ReadOnlySpan<byte> newName, CancellationToken cancellationToken)
    {
        var (directory, path) = (_nodes[newParent], NativePath.Of(newName));
        var result = Libc.linkat(Libc.AT_FDCWD, NativePath.Of(_nodes[node]), directory, path, Libc.AT_SYMLINK_FOLLOW);
        return new(result < 0 ? Libc.LastError : LookUp(directory, path));
    }

    public override ValueTask<Errno> Unlink(
        in RequestContext context, FuseNodeId parent, ReadOnlySpan<byte> name, CancellationToken cancellationToken) =>
        new(Libc.ErrorOf(Libc.unlinkat(_nodes[parent], NativePath.Of(name), 0)));

    public override ValueTask<Errno> RemoveDirectory(
        in RequestContext context, FuseNodeId parent, ReadOnlySpan<byte> name, CancellationToken cancellationToken) =>
        new(Libc.ErrorOf(Libc.unlinkat(_nodes[parent], NativePath.Of(name), Libc.AT_REMOVEDIR)));

    public override ValueTask<Errno> Rename(
        in RequestContext context, FuseNodeId parent, ReadOnlySpan<byte> name,
        FuseNodeId newParent, ReadOnlySpan<byte> newName, RenameFlags flags, CancellationToken cancellationToken) =>
        new(Libc.ErrorOf(Libc.renameat2(_nodes[parent], NativePath.Of(name), _nodes[newParent], NativePath.Of(newName), (uint)flags)));

    private Reply<FuseEntry> LookUp(SafeFileHandle parent, in NativePath name)
    {
        var handle = Libc.openat(parent, name, Libc.O_PATH | Libc.O_NOFOLLOW | Libc.O_CLOEXEC, 0);
        if (handle.IsInvalid) return Libc.LastError;
        if (Libc.statx(handle, default, Libc.AT_EMPTY_PATH, Libc.STATX_BASIC_STATS, out var stat) < 0)
        {
            handle.Dispose();
            return Errno.EIO;
        }

        var node = _nodes.LookUp(handle, stat.Key);
        return new FuseEntry { Node = node, EntryTimeout = _validity, AttributeTimeout = _validity, Attributes = stat.ToAttributes() };
    }

    /// <summary>What was made belongs to its maker, and is looked up.</summary>
    private Reply<FuseEntry> Made(in RequestContext context, SafeFileHandle parent, in NativePath name, int result)
    {
        if (result < 0) return Libc.LastError;
        if (context.UserId != 0) _ = Libc.fchownat(parent, name, context.UserId, context.GroupId, Libc.AT_SYMLINK_NOFOLLOW);
        return LookUp(parent, name);
    }
}
