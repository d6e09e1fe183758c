using Bazil.Core;
using Bazil.FileSystem.Dynamic;
using Bazil.FileSystem.Nodes;
using Bazil.Fuse;
using Bazil.Unix;

namespace Bazil.FileSystem.Live;

// Names.
public sealed partial class VolumeFileSystem
{
    public override ValueTask<Reply<FuseEntry>> Lookup(
        in RequestContext context, FuseNodeId parent, ReadOnlySpan<byte> name, CancellationToken cancellationToken)
    {
        if (IsVirtual(parent)) return LookupVirtualAsync(FindVirtual(parent), FileName.Parse(name), cancellationToken);
        if (FindDynamic(parent, name) is { } dynamic) return new(Remember(dynamic));
        Reply<FuseAttributes> found = volume.Lookup(InodeOf(parent), name);
        return new(found.Error == Errno.ENOENT && !found.HasValue ? FuseEntry.Negative(AbsenceTime) : ToEntry(found));
    }

    public override ValueTask<Reply<ReadOnlyMemory<byte>>> ReadLink(in RequestContext context, FuseNodeId node, CancellationToken cancellationToken)
    {
        if (!IsVirtual(node)) return new(volume.ReadLink(InodeOf(node)));
        return new(FindVirtual(node) is { } found ? found.LinkTarget : Errno.ENOENT);
    }

    public override ValueTask<Reply<FuseEntry>> MakeSymbolicLink(
        in RequestContext context, FuseNodeId parent, ReadOnlySpan<byte> name, ReadOnlySpan<byte> target, CancellationToken cancellationToken) =>
        new(Create(context, parent, name, NodeKind.Symlink, 0x1FF, 0, ContentValue.Symlink(target, default)));

    public override ValueTask<Reply<FuseEntry>> MakeDirectory(
        in RequestContext context, FuseNodeId parent, ReadOnlySpan<byte> name, uint mode, uint umask, CancellationToken cancellationToken)
    {
        if (IsVirtual(parent)) return MakeVirtualDirectoryAsync(FindVirtual(parent), FileName.Parse(name), cancellationToken);
        return new(Create(context, parent, name, NodeKind.Directory, mode, umask, null));
    }

    public override ValueTask<Reply<FuseEntry>> MakeNode(
        in RequestContext context, FuseNodeId parent, ReadOnlySpan<byte> name, uint mode, uint device, uint umask, CancellationToken cancellationToken)
    {
        NodeKind? kind = (mode & FuseMode.TypeMask) switch
        {
            FuseMode.Regular => NodeKind.File,
            FuseMode.Fifo => NodeKind.Fifo,
            FuseMode.Socket => NodeKind.Socket,
            FuseMode.CharacterDevice => NodeKind.CharacterDevice,
            FuseMode.BlockDevice => NodeKind.BlockDevice,
            _ => null,
        };
        if (kind is null) return new(Errno.EINVAL);
        ContentValue content = kind == NodeKind.File ? ContentValue.Inline([], default) : ContentValue.Special(device, default);
        return new(Create(context, parent, name, kind.Value, mode, umask, content));
    }

    public override ValueTask<Reply<FuseEntry>> MakeLink(
        in RequestContext context, FuseNodeId node, FuseNodeId newParent, ReadOnlySpan<byte> newName, CancellationToken cancellationToken)
    {
        if (IsVirtual(newParent)) return new(Errno.EROFS);
        if (IsVirtual(node)) return new(Errno.EXDEV);
        if (IsDynamicName(newName)) return new(Errno.EEXIST);
        if (volume.IsTemporary(InodeOf(node))) return LinkTemporaryAsync(InodeOf(node), InodeOf(newParent), newName.ToArray(), cancellationToken);
        return new(ToEntry(volume.MakeLink(InodeOf(node), InodeOf(newParent), newName)));
    }

    public override ValueTask<Errno> Unlink(in RequestContext context, FuseNodeId parent, ReadOnlySpan<byte> name, CancellationToken cancellationToken)
    {
        if (IsVirtual(parent)) return new(FindVirtual(parent)?.Unlink(FileName.Parse(name)) ?? Errno.ENOENT);
        return new(IsDynamicName(name) ? Errno.EISDIR : volume.Unlink(InodeOf(parent), name));
    }

    public override ValueTask<Errno> RemoveDirectory(in RequestContext context, FuseNodeId parent, ReadOnlySpan<byte> name, CancellationToken cancellationToken)
    {
        if (IsVirtual(parent)) return new(FindVirtual(parent)?.RemoveDirectory(FileName.Parse(name)) ?? Errno.ENOENT);
        return new(IsDynamicName(name) ? Errno.EBUSY : volume.RemoveDirectory(InodeOf(parent), name));
    }

    public override ValueTask<Errno> Rename(
        in RequestContext context, FuseNodeId parent, ReadOnlySpan<byte> name, FuseNodeId newParent, ReadOnlySpan<byte> newName, RenameFlags flags, CancellationToken cancellationToken)
    {
        if (IsVirtual(parent) && IsVirtual(newParent))
        {
            VirtualNode? from = FindVirtual(parent), to = FindVirtual(newParent);
            return new(from is null || to is null ? Errno.ENOENT : from.Rename(FileName.Parse(name), to, FileName.Parse(newName)));
        }

        if (IsVirtual(parent) || IsVirtual(newParent)) return new(Errno.EXDEV);
        if (IsDynamicName(name) || IsDynamicName(newName)) return new(Errno.EBUSY);
        return new(volume.Rename(InodeOf(parent), name, InodeOf(newParent), newName, flags));
    }

    public override ValueTask<Reply<FuseCreated>> Create(
        in RequestContext context, FuseNodeId parent, ReadOnlySpan<byte> name, uint mode, uint umask, FuseOpenMode flags, CancellationToken cancellationToken)
    {
        if (IsVirtual(parent)) return new(Errno.EROFS);
        if (IsDynamicName(name)) return new(Errno.EEXIST);
        NewNode node = NewNode(context, parent, name, NodeKind.File, mode, umask, ContentValue.Inline([], default));
        Reply<CreatedFile> reply = volume.CreateAndOpen(node, flags);
        if (!reply.HasValue) return new(reply.Error);
        if (reply.Value.Existed && flags.Truncate) return TruncateFoundAsync(reply.Value, cancellationToken);
        return new(new FuseCreated(ToEntry(reply.Value.Attributes), new FuseOpened(reply.Value.Handle, FuseOpenFlags.KeepCache)));
    }

    public override ValueTask<Reply<FuseCreated>> CreateTemporary(
        in RequestContext context, FuseNodeId parent, uint mode, uint umask, FuseOpenMode flags, CancellationToken cancellationToken)
    {
        if (IsVirtual(parent)) return new(Errno.EROFS);
        Reply<CreatedFile> reply = volume.CreateTemporary(NewNode(context, parent, default, NodeKind.File, mode, umask, ContentValue.Inline([], default)), flags);
        return new(reply.HasValue ? new FuseCreated(ToEntry(reply.Value.Attributes), new FuseOpened(reply.Value.Handle, FuseOpenFlags.KeepCache)) : reply.Error);
    }

    private async ValueTask<Reply<FuseEntry>> LinkTemporaryAsync(InodeId inode, InodeId newParent, byte[] newName, CancellationToken cancel) =>
        ToEntry(await volume.LinkTemporaryAsync(inode, newParent, newName, cancel));

    /// <summary>Somebody else made the file in the meantime: it is opened, and truncated as asked.</summary>
    private async ValueTask<Reply<FuseCreated>> TruncateFoundAsync(CreatedFile found, CancellationToken cancel)
    {
        Reply<FuseOpened> opened = await TruncateOpenedAsync(new FuseNodeId(found.Attributes.Inode), found.Handle, cancel);
        return opened.HasValue ? new FuseCreated(ToEntry(found.Attributes with { Size = 0, Blocks = 0 }), opened.Value) : opened.Error;
    }

    private Reply<FuseEntry> Create(
        in RequestContext context, FuseNodeId parent, ReadOnlySpan<byte> name, NodeKind kind, uint mode, uint umask, ContentValue? content)
    {
        if (IsVirtual(parent)) return Errno.EROFS;
        if (IsDynamicName(name)) return Errno.EEXIST;
        return ToEntry(volume.Create(NewNode(context, parent, name, kind, mode, umask, content)));
    }

    private static NewNode NewNode(
        in RequestContext context, FuseNodeId parent, ReadOnlySpan<byte> name, NodeKind kind, uint mode, uint umask, ContentValue? content) => new()
    {
        Parent = InodeOf(parent),
        Name = name,
        Kind = kind,
        Mode = mode,
        Umask = umask,
        UserId = context.UserId,
        GroupId = context.GroupId,
        Content = content,
    };

    /// <summary>Names that exist in every directory, unlisted.</summary>
    private static bool IsDynamicName(ReadOnlySpan<byte> name) =>
        name.SequenceEqual(SnapshotsDirectory.SnapName.Span) || name.SequenceEqual(BazilDirectory.BazilName.Span);

    private VirtualNode? FindDynamic(FuseNodeId parent, ReadOnlySpan<byte> name)
    {
        if (!IsDynamicName(name)) return null;
        InodeId directory = InodeOf(parent);
        return name.SequenceEqual(SnapshotsDirectory.SnapName.Span)
            ? new SnapshotsDirectory(directory, volume).At(directory, SnapshotsDirectory.SnapName)
            : new BazilDirectory(directory, volume).At(directory, BazilDirectory.BazilName);
    }

    private async ValueTask<Reply<FuseEntry>> LookupVirtualAsync(VirtualNode? parent, FileName name, CancellationToken cancel)
    {
        if (parent is null) return Errno.ENOENT;
        VirtualNode? found = await volume.ReadContentAsync(ContentUse.ReadOf(parent, 0), (parent, name), static (lookup, cancel) => lookup.parent.LookupAsync(lookup.name, cancel), cancel);
        return found is null ? Errno.ENOENT : Remember(found.At(parent, name));
    }

    private async ValueTask<Reply<FuseEntry>> MakeVirtualDirectoryAsync(VirtualNode? parent, FileName name, CancellationToken cancel)
    {
        if (parent is null) return Errno.ENOENT;
        Errno error = await parent.MakeDirectoryAsync(name, cancel);
        return error == Errno.OK ? await LookupVirtualAsync(parent, name, cancel) : error;
    }
}
