using Bazil.Unix;

namespace Bazil.Fuse.Examples;

/// <summary>Attributes and extended attributes.</summary>
public partial class MemoryFileSystem
{
    public override ValueTask<Reply<FuseTimedAttributes>> GetAttributes(
        in RequestContext context, FuseNodeId node, FuseHandle? handle, CancellationToken cancellationToken) =>
        TryGet(node, out var inode) ? new(new FuseTimedAttributes(inode.Attributes(), Forever)) : new(Errno.ESTALE);

    public override ValueTask<Reply<FuseStatx>> GetStatx(
        in RequestContext context, FuseNodeId node, FuseHandle? handle, CancellationToken cancellationToken) =>
        TryGet(node, out var inode)
            ? new(new FuseStatx { Attributes = inode.Attributes(), BirthTime = inode.BirthTime, Timeout = Forever })
            : new(Errno.ESTALE);

    public override ValueTask<Reply<FuseTimedAttributes>> SetAttributes(
        in RequestContext context, FuseNodeId node, in AttributeChanges changes, CancellationToken cancellationToken)
    {
        if (!TryGet(node, out var inode)) return new(Errno.ESTALE);
        lock (inode.Lock)
        {
            var now = UnixTime.Now(clock);
            if (changes.Has(AttributeField.Size))
            {
                if (inode.Content is not { } content) return new(Errno.EINVAL);
                if (changes.Size is < 0 or > FileContent.MaxBytes) return new(Errno.EFBIG);
                content.SetLength(changes.Size);
                inode.ModificationTime = now;
            }

            if (changes.Has(AttributeField.KillSuidGid | AttributeField.UserId | AttributeField.GroupId) && !inode.IsDirectory) inode.DropPrivileges();
            if (changes.Has(AttributeField.Mode)) inode.SetPermissions(changes.Mode);
            if (changes.Has(AttributeField.UserId)) inode.UserId = changes.UserId;
            if (changes.Has(AttributeField.GroupId)) inode.GroupId = changes.GroupId;
            if (changes.Has(AttributeField.AccessTime)) inode.AccessTime = changes.Has(AttributeField.AccessTimeNow) ? now : changes.AccessTime;
            if (changes.Has(AttributeField.ModificationTime))
                inode.ModificationTime = changes.Has(AttributeField.ModificationTimeNow) ? now : changes.ModificationTime;
            inode.ChangeTime = changes.Has(AttributeField.ChangeTime) ? changes.ChangeTime : now;
        }

        return new(new FuseTimedAttributes(inode.Attributes(), Forever));
    }

    public override ValueTask<Reply<ReadOnlyMemory<byte>>> GetXattr(
        in RequestContext context, FuseNodeId node, ReadOnlySpan<byte> name, CancellationToken cancellationToken)
    {
        if (!TryGet(node, out var inode)) return new(Errno.ESTALE);
        lock (inode.Lock)
        {
            return inode.FindXattr(name) is { } value ? new(new ReadOnlyMemory<byte>(value)) : new(Errno.ENODATA);
        }
    }

    public override ValueTask<Reply<ReadOnlyMemory<byte>>> ListXattrs(
        in RequestContext context, FuseNodeId node, CancellationToken cancellationToken)
    {
        if (!TryGet(node, out var inode)) return new(Errno.ESTALE);
        lock (inode.Lock)
        {
            var list = new MemoryStream();
            foreach (var name in inode.XattrNames)
            {
                list.Write(name);
                list.WriteByte(0);
            }

            return new(new ReadOnlyMemory<byte>(list.ToArray()));
        }
    }

    public override ValueTask<Errno> SetXattr(
        in RequestContext context,
        FuseNodeId node,
        ReadOnlySpan<byte> name,
        ReadOnlySpan<byte> value,
        XattrFlags flags,
        CancellationToken cancellationToken)
    {
        if (!TryGet(node, out var inode)) return new(Errno.ESTALE);
        lock (inode.Lock)
        {
            var exists = inode.FindXattr(name) is not null;
            if (exists && (flags & XattrFlags.Create) != 0) return new(Errno.EEXIST);
            if (!exists && (flags & XattrFlags.Replace) != 0) return new(Errno.ENODATA);
            if (!name.SequenceEqual(AccessList.AccessName)) inode.SetXattr(name, value.ToArray());
            else if (AccessList.TryParse(value, out var list)) inode.SetAccessList(list);
            else return new(Errno.EINVAL);
            if ((flags & XattrFlags.ClearSetGroupId) != 0) inode.Mode &= ~FuseMode.SetGroupId;
            inode.ChangeTime = UnixTime.Now(clock);
            return new(Errno.OK);
        }
    }

    public override ValueTask<Errno> RemoveXattr(
        in RequestContext context, FuseNodeId node, ReadOnlySpan<byte> name, CancellationToken cancellationToken)
    {
        if (!TryGet(node, out var inode)) return new(Errno.ESTALE);
        lock (inode.Lock)
        {
            if (!inode.RemoveXattr(name)) return new(Errno.ENODATA);
            inode.ChangeTime = UnixTime.Now(clock);
            return new(Errno.OK);
        }
    }
}
