using Bazil.Fuse;
using Bazil.Unix;

namespace Bazil.FileSystem.Live;

// Attributes and extended attributes.
public sealed partial class VolumeFileSystem
{
    public override ValueTask<Reply<FuseTimedAttributes>> GetAttributes(
        in RequestContext context, FuseNodeId node, FuseHandle? handle, CancellationToken cancellationToken)
    {
        if (!IsVirtual(node)) return new(ToTimed(volume.GetAttributes(InodeOf(node))));
        return new(FindVirtual(node) is { } found ? new FuseTimedAttributes(found.Attributes, TimeSpan.Zero) : Errno.ENOENT);
    }

    public override ValueTask<Reply<FuseTimedAttributes>> SetAttributes(
        in RequestContext context, FuseNodeId node, in AttributeChanges changes, CancellationToken cancellationToken)
    {
        if (IsVirtual(node)) return new(Errno.EROFS);
        return changes.Has(AttributeField.Size) ? SetSizeAsync(context, node, changes, cancellationToken) : new(ToTimed(volume.SetAttributes(InodeOf(node), changes, context)));
    }

    public override ValueTask<Reply<ReadOnlyMemory<byte>>> GetXattr(
        in RequestContext context, FuseNodeId node, ReadOnlySpan<byte> name, CancellationToken cancellationToken)
    {
        if (!IsVirtual(node)) return new(volume.GetXattr(InodeOf(node), name));
        return new(FindVirtual(node)?.FindXattr(name) is { } value ? value : Errno.ENODATA);
    }

    public override ValueTask<Reply<ReadOnlyMemory<byte>>> ListXattrs(in RequestContext context, FuseNodeId node, CancellationToken cancellationToken) =>
        new(IsVirtual(node) ? FindVirtual(node)?.XattrNames() ?? ReadOnlyMemory<byte>.Empty : volume.ListXattrs(InodeOf(node)));

    public override ValueTask<Errno> SetXattr(
        in RequestContext context, FuseNodeId node, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, XattrFlags flags, CancellationToken cancellationToken) =>
        new(IsVirtual(node) ? Errno.EROFS : volume.SetXattr(InodeOf(node), name, value, flags));

    public override ValueTask<Errno> RemoveXattr(in RequestContext context, FuseNodeId node, ReadOnlySpan<byte> name, CancellationToken cancellationToken) =>
        new(IsVirtual(node) ? Errno.EROFS : volume.RemoveXattr(InodeOf(node), name));

    private static Reply<FuseTimedAttributes> ToTimed(Reply<FuseAttributes> reply) =>
        reply.HasValue ? new FuseTimedAttributes(reply.Value, CacheTime) : reply.Error;

    private async ValueTask<Reply<FuseTimedAttributes>> SetSizeAsync(RequestContext context, FuseNodeId node, AttributeChanges changes, CancellationToken cancel)
    {
        Errno error = await volume.TruncateAsync(InodeOf(node), changes.Size, changes.Has(AttributeField.Handle) ? changes.Handle : null, cancel);
        if (error != Errno.OK) return error;

        // Truncation has set the time; what else was asked for comes after it.
        if (changes.Has(AttributeField.KillSuidGid)) volume.DropPrivileges(InodeOf(node), context);
        AttributeField rest = changes.Fields & ~(AttributeField.Size | AttributeField.Handle | AttributeField.LockOwner | AttributeField.KillSuidGid);
        bool isTimeOnly = (rest & ~(AttributeField.ModificationTime | AttributeField.ModificationTimeNow | AttributeField.ChangeTime)) == 0;
        if (rest == AttributeField.None || (isTimeOnly && changes.Has(AttributeField.ModificationTimeNow))) return ToTimed(volume.GetAttributes(InodeOf(node)));
        return ToTimed(volume.SetAttributes(InodeOf(node), changes with { Fields = changes.Fields & ~AttributeField.KillSuidGid }, context));
    }
}
