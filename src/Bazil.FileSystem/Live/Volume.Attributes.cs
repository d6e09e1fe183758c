using Bazil.Core;
using Bazil.FileSystem.Accounting;
using Bazil.FileSystem.Nodes;
using Bazil.Fuse;
using Bazil.Unix;

namespace Bazil.FileSystem.Live;

// Attributes and extended attributes.
public sealed partial class Volume
{
    private const uint StatBlockBytes = 512;
    private const uint DirectoryBytes = 4096;
    private const uint PreferredReadBytes = 128 * 1024;

    internal Reply<FuseAttributes> GetAttributes(InodeId inode)
    {
        lock (_gate) return FindAttributes(inode);
    }

    /// <summary>Changes mode, owner or times. A change of size goes through the open file first.</summary>
    internal Reply<FuseAttributes> SetAttributes(InodeId inode, in AttributeChanges changes, in RequestContext caller = default)
    {
        if (Failure is not null) return Errno.EROFS;
        lock (_gate)
        {
            var transaction = new Transaction(_store);
            if (Find(inode, out OpenFile? file, out bool isUnlinked) is not { } record) return Errno.ENOENT;

            // Before the times of an open file are changed: it may find that there is no room.
            SettleLongUndo(isRemoval: false);
            UnixTime now = Now();
            AttributeValue value = Changed(record, file, changes, caller, now, out UnixTime? accessTime);
            if (isUnlinked)
            {
                SetUnlinked(record, value, accessTime ?? record.AccessTime, now);
                return FindAttributes(inode);
            }

            // What a close or fsync has written as a patch is promised already, and so are the times that are set after it.
            if (file is { IsDirty: true, PatchCount: 0 } && IsOfTimes(record, value, changes))
            {
                file.SetTimes(file.ModifyTime, now, accessTime);
                if (!file.HasUnsaved) file.StartDirtyTime(_options.Clock.GetTimestamp());
                file.NotSaved();
                return FindAttributes(inode);
            }

            if (changes.Has(AttributeField.ModificationTime)) PatchTimes(transaction.Batch, file);
            if (accessTime is { } time) SetAccessTime(transaction.Change(inode), file, time);
            bool isLocalOnly = (changes.Fields & ~(AttributeField.AccessTime | AttributeField.AccessTimeNow | AttributeField.Handle | AttributeField.LockOwner)) == 0;
            if (isLocalOnly || IsAsShown(record, value, changes)) transaction.Change(inode).ChangeTime = now;
            else new LocalChange(transaction, now).SetAttributes(inode, value);
            Commit(transaction);
            return FindAttributes(inode);
        }
    }

    internal FuseStatFs Statistics()
    {
        SubtreeUse root = FindSubtree(InodeId.Root)!.Value;
        return VolumeSpace.WithFiles(_options.Statistics(), root.Files + root.Directories + 1);
    }

    internal Reply<ReadOnlyMemory<byte>> ReadLink(InodeId inode)
    {
        lock (_gate)
        {
            if (Find(inode, out _, out _) is not { } record) return Errno.ENOENT;
            return record.Kind == NodeKind.Symlink ? record.ShownContent!.Value.Value.Bytes : Errno.EINVAL;
        }
    }

    internal Reply<ReadOnlyMemory<byte>> GetXattr(InodeId inode, ReadOnlySpan<byte> name)
    {
        Errno error = CheckXattrName(name);
        if (error != Errno.OK) return error;
        if (SubtreeAttribute.IsName(name)) return FindSubtree(inode) is { } use ? SubtreeAttribute.ValueOf(name, use) : Errno.ENODATA;
        lock (_gate)
        {
            if (Find(inode, out _, out _) is not { } record) return Errno.ENOENT;
            if (ShownAttributes(record).Extended.Find(name) is { } value) return (ReadOnlyMemory<byte>)value;

            // Whoever hears that there are no labels here (ls -l does) does not ask for that of each file. Where SELinux is on, it answers itself.
            return name.SequenceEqual("security.selinux"u8) ? Errno.EOPNOTSUPP : Errno.ENODATA;
        }
    }

    internal Reply<ReadOnlyMemory<byte>> ListXattrs(InodeId inode)
    {
        lock (_gate)
        {
            if (Find(inode, out _, out _) is not { } record) return Errno.ENOENT;
            var names = new WireWriter();
            foreach (KeyValuePair<byte[], byte[]> entry in ShownAttributes(record).Extended.Entries)
            {
                names.WriteFixed(entry.Key);
                names.WriteByte(0);
            }

            return (ReadOnlyMemory<byte>)names.ToArray();
        }
    }

    internal Errno SetXattr(InodeId inode, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, XattrFlags flags)
    {
        if (name.IsEmpty || name.Length > Limits.XAttrNameBytesMax) return Errno.ERANGE;
        Errno error = CheckXattrName(name);
        if (error != Errno.OK) return error;
        if (value.Length > Limits.XAttrValueBytesMax) return Errno.E2BIG;
        if (SubtreeAttribute.IsName(name)) return Errno.EOPNOTSUPP;
        lock (_gate)
        {
            if (Find(inode, out _, out bool isUnlinked) is not { } record) return Errno.ENOENT;
            if (IsAccessList(name)) return SetAccessList(record, name, value, flags, isUnlinked);
            ExtendedAttributes extended = ShownAttributes(record).Extended;
            byte[]? existing = extended.Find(name);
            if (existing is not null && flags.HasFlag(XattrFlags.Create)) return Errno.EEXIST;
            if (existing is null && flags.HasFlag(XattrFlags.Replace)) return Errno.ENODATA;
            if (existing is not null && value.SequenceEqual(existing)) return Errno.OK;
            ExtendedAttributes changed = extended.With(name, value);
            return changed.TotalBytes > Limits.XAttrTotalBytesMax ? Errno.ENOSPC : SetExtended(record, changed, isUnlinked);
        }
    }

    internal Errno RemoveXattr(InodeId inode, ReadOnlySpan<byte> name)
    {
        Errno error = CheckXattrName(name);
        if (error != Errno.OK) return error;
        if (SubtreeAttribute.IsName(name)) return Errno.EOPNOTSUPP;
        lock (_gate)
        {
            if (Find(inode, out _, out bool isUnlinked) is not { } record) return Errno.ENOENT;
            ExtendedAttributes extended = ShownAttributes(record).Extended;

            // To be without an access list is what removing one asks for.
            if (extended.Find(name) is null) return IsAccessList(name) ? Errno.OK : Errno.ENODATA;
            return SetExtended(record, extended.Without(name), isUnlinked);
        }
    }

    private static Errno CheckXattrName(ReadOnlySpan<byte> name)
    {
        bool isStored = name.StartsWith("user."u8) || name.StartsWith("security."u8) || name.StartsWith("trusted."u8) || IsAccessList(name);
        if (!isStored) return Errno.EOPNOTSUPP;
        return name[^1] == (byte)'.' && name.Count((byte)'.') == 1 ? Errno.EINVAL : Errno.OK;
    }

    private Errno SetExtended(NodeRecord record, ExtendedAttributes extended, bool isUnlinked) =>
        SetShown(record, ShownAttributes(record) with { Extended = extended }, isUnlinked);

    /// <summary>Replaces the attributes; the modification time stays. Under the gate.</summary>
    private Errno SetShown(NodeRecord record, AttributeValue value, bool isUnlinked)
    {
        if (Failure is not null) return Errno.EROFS;
        value = value with { ModifyTime = ModifyTimeOf(record) };
        if (isUnlinked)
        {
            SetUnlinked(record, value, record.AccessTime, Now());
            return Errno.OK;
        }

        var transaction = new Transaction(_store);
        new LocalChange(transaction, Now()).SetAttributes(record.Inode, value);
        Commit(transaction);
        return Errno.OK;
    }

    private AttributeValue Changed(NodeRecord record, OpenFile? file, in AttributeChanges changes, in RequestContext caller, UnixTime now, out UnixTime? accessTime)
    {
        AttributeValue value = ShownAttributes(record) with { ModifyTime = file?.ModifyTime ?? ModifyTimeOf(record) };
        if (changes.Has(AttributeField.Mode)) value = WithMode(value, changes.Mode & FuseMode.PermissionMask);
        if (changes.Has(AttributeField.KillSuidGid) && !record.IsDirectory) value = value with { Mode = WithoutPrivileges(value, caller) };
        if (changes.Has(AttributeField.UserId)) value = value with { Owner = ToStored(changes.UserId, _options.OwnerId) };
        if (changes.Has(AttributeField.GroupId)) value = value with { Group = ToStored(changes.GroupId, _options.GroupId) };
        if (changes.Has(AttributeField.ModificationTime))
        {
            UnixTime time = changes.Has(AttributeField.ModificationTimeNow) ? now : changes.ModificationTime;
            value = value with { ModifyTime = time };
            file?.SetTimes(time, now);
        }

        accessTime = !changes.Has(AttributeField.AccessTime) ? null : changes.Has(AttributeField.AccessTimeNow) ? now : changes.AccessTime;
        return value;
    }

    /// <summary>True when a change of owner or mode asks for what is there: only the time of change moves, and no peer need hear of it.</summary>
    private static bool IsAsShown(NodeRecord record, AttributeValue value, in AttributeChanges changes) =>
        !changes.Has(AttributeField.ModificationTime) && !record.Attributes.IsConflict && record.ShownAttributes is { } shown
        && (value with { ModifyTime = shown.ModifyTime }).Equals(shown);

    /// <summary>
    /// True when a change is of nothing but times, or of none: a file with unpublished content keeps it with that, and needs no batch for it.
    /// So do <c>tar</c> and <c>cp -a</c>, which set times, owner and mode of a file that they have just written.
    /// </summary>
    private static bool IsOfTimes(NodeRecord record, AttributeValue value, in AttributeChanges changes)
    {
        const AttributeField times = AttributeField.AccessTime | AttributeField.AccessTimeNow | AttributeField.ModificationTime | AttributeField.ModificationTimeNow
            | AttributeField.ChangeTime | AttributeField.Handle | AttributeField.LockOwner;
        return (changes.Fields & ~times) == 0 || IsAsShown(record, value, changes);
    }

    private static void SetAccessTime(NodeRecord record, OpenFile? file, UnixTime time)
    {
        record.AccessTime = time;
        if (file is not null) file.AccessTime = null;
    }

    private Reply<FuseAttributes> FindAttributes(InodeId inode)
    {
        if (Find(inode, out OpenFile? file, out bool isUnlinked) is { } record) return AttributesOf(isUnlinked ? null : new Transaction(_store), record, file);

        // A peer deleted it, but it is open here.
        return _files.TryGetValue(inode, out OpenFile? open) ? AttributesOf(null, open.Opened, open) : Errno.ENOENT;
    }

    private FuseAttributes AttributesOf(Transaction transaction, NodeRecord record) =>
        AttributesOf(transaction, record, _files.GetValueOrDefault(record.Inode));

    /// <summary>Without a transaction: of a node that has no name any more.</summary>
    private FuseAttributes AttributesOf(Transaction? transaction, NodeRecord record, OpenFile? file)
    {
        AttributeValue attributes = ShownAttributes(record);
        ulong size = record.IsDirectory ? DirectoryBytes : file?.SizeBytes ?? record.ShownContent?.Value.SizeBytes ?? 0;
        ulong allocated = Math.Min(size, (file is null ? record.AllocatedBytes : file.AllocatedBytes) ?? size);
        return new FuseAttributes
        {
            Inode = record.Inode.Value,
            Size = (long)size,
            Blocks = (long)((allocated + StatBlockBytes - 1) / StatBlockBytes),
            AccessTime = file?.AccessTime ?? record.AccessTime,
            ModificationTime = file?.ModifyTime ?? ModifyTimeOf(record),
            ChangeTime = file is { IsDirty: true } ? Later(file.ChangeTime, record.ChangeTime) : record.ChangeTime,
            Mode = TypeBits(record.Kind) | attributes.Mode,
            LinkCount = transaction is null ? 0 : LinkCount(transaction, record),
            UserId = ToShown(attributes.Owner, _options.OwnerId),
            GroupId = ToShown(attributes.Group, _options.GroupId),
            Device = record.ShownContent?.Value.Device ?? 0,
            BlockSize = PreferredReadBytes,
        };
    }

    private static UnixTime Later(UnixTime left, UnixTime right) => left.CompareTo(right) > 0 ? left : right;

    private static UnixTime ModifyTimeOf(NodeRecord record) => record.ModifyTime;

    private static uint LinkCount(Transaction transaction, NodeRecord record)
    {
        if (!record.IsDirectory) return (uint)Math.Max(1, record.Held?.Places.Count ?? record.LiveLinks.Count());
        return 2 + (uint)transaction.UnitedWith(record.Inode).Sum(member => transaction.Require(member).Subdirectories);
    }

    internal static AttributeValue ShownAttributes(NodeRecord record) =>
        record.ShownAttributes ?? new AttributeValue(
            record.IsDirectory ? 0x1EDu : 0x1A4u, AttributeValue.Self, AttributeValue.Self, record.ModifyTime, ExtendedAttributes.None);

    internal static uint TypeBits(NodeKind kind) => kind switch
    {
        NodeKind.Directory => FuseMode.Directory,
        NodeKind.File => FuseMode.Regular,
        NodeKind.Symlink => FuseMode.SymbolicLink,
        NodeKind.Fifo => FuseMode.Fifo,
        NodeKind.Socket => FuseMode.Socket,
        NodeKind.CharacterDevice => FuseMode.CharacterDevice,
        NodeKind.BlockDevice => FuseMode.BlockDevice,
        _ => throw new InvariantException($"a node of kind {kind} is not shown"),
    };

    /// <summary>The record of an inode that a program may name, or null.</summary>
    private NodeRecord? FindShown(InodeId inode) => _store.Read(inode) is { } record && IsAlive(record) ? record : null;

    private bool IsAlive(NodeRecord record) =>
        record.IsDirectory ? new Transaction(_store).IsShown(record) : !record.Content.IsEmpty || record.Held is not null;
}
