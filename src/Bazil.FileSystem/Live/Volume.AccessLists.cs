using Bazil.Core;
using Bazil.FileSystem.Nodes;
using Bazil.Fuse;
using Bazil.Unix;

namespace Bazil.FileSystem.Live;

// POSIX access lists are extended attributes of the attribute facet, in one value with the mode they agree with. The
// kernel checks permissions by them; here list and mode are kept in step, by the rules of ext4.
public sealed partial class Volume
{
    private static bool IsAccessList(ReadOnlySpan<byte> name) => name.SequenceEqual(AccessList.AccessName) || name.SequenceEqual(AccessList.DefaultName);

    /// <summary>Takes an access list; one that says no more than the mode is kept as the mode alone. Under the gate.</summary>
    private Errno SetAccessList(NodeRecord record, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, XattrFlags flags, bool isUnlinked)
    {
        if (!AccessList.TryParse(value, out AccessList? list)) return Errno.EINVAL;
        if (record.Kind == NodeKind.Symlink) return Errno.EOPNOTSUPP;
        AttributeValue shown = ShownAttributes(record);
        if (name.SequenceEqual(AccessList.DefaultName))
        {
            return record.IsDirectory ? SetShown(record, shown with { Extended = shown.Extended.With(name, value) }, isUnlinked) : Errno.EACCES;
        }

        uint mode = list!.ApplyTo(shown.Mode);
        if (flags.HasFlag(XattrFlags.ClearSetGroupId)) mode &= ~FuseMode.SetGroupId;
        ExtendedAttributes extended = list.IsMode ? shown.Extended.Without(name) : shown.Extended.With(name, value);
        return SetShown(record, shown with { Mode = mode, Extended = extended }, isUnlinked);
    }

    /// <summary>Setuid and setgid go with a write or a truncation by somebody without privileges.</summary>
    internal void DropPrivileges(InodeId inode, in RequestContext caller)
    {
        if (Failure is not null) return;
        lock (_gate)
        {
            if (Find(inode, out _, out bool isUnlinked) is not { IsDirectory: false } record) return;
            AttributeValue shown = ShownAttributes(record);
            uint mode = WithoutPrivileges(shown, caller);
            if (mode != shown.Mode) SetShown(record, shown with { Mode = mode }, isUnlinked);
        }
    }

    /// <summary>Setgid without the group's execute bit means nothing, and stays when the caller could set it: of the caller's groups only the first is known here.</summary>
    private uint WithoutPrivileges(AttributeValue value, in RequestContext caller)
    {
        bool keepsGroup = (value.Mode & FuseMode.GroupExecute) == 0 && (caller.UserId == 0 || caller.GroupId == ToShown(value.Group, _options.GroupId));
        return value.Mode & ~(FuseMode.SetUserId | (keepsGroup ? 0 : FuseMode.SetGroupId));
    }

    private static uint ToShown(uint id, uint own) => id == AttributeValue.Self ? own : id;

    /// <summary>Gives a node another mode, and its access list with it.</summary>
    private static AttributeValue WithMode(AttributeValue value, uint mode)
    {
        if (value.Extended.Find(AccessList.AccessName) is not { } bytes || !AccessList.TryParse(bytes, out AccessList? list)) return value with { Mode = mode };
        return value with { Mode = mode, Extended = value.Extended.With(AccessList.AccessName, list!.WithMode(mode).ToBytes()) };
    }

    /// <summary>The mode and access lists of a new node: by the default list of its directory, or else by the umask.</summary>
    private static (uint Mode, ExtendedAttributes Extended) Inherit(NewNode node, AttributeValue parent)
    {
        uint mode = node.Mode & FuseMode.PermissionMask;
        if (node.Kind == NodeKind.Symlink) return (mode, ExtendedAttributes.None);
        if (parent.Extended.Find(AccessList.DefaultName) is not { } bytes || !AccessList.TryParse(bytes, out AccessList? list)) return (mode & ~node.Umask, ExtendedAttributes.None);
        AccessList access = list!.Inherit(ref mode);
        ExtendedAttributes extended = access.IsMode ? ExtendedAttributes.None : ExtendedAttributes.None.With(AccessList.AccessName, access.ToBytes());
        return (mode, node.Kind == NodeKind.Directory ? extended.With(AccessList.DefaultName, bytes) : extended);
    }
}
