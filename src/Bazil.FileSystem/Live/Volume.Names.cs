using Bazil.Core;
using Bazil.FileSystem.Nodes;
using Bazil.Fuse;
using Bazil.Unix;

namespace Bazil.FileSystem.Live;

// Names: what programs do to the tree. Each method is one transaction; its answer is the errno that ext4 gives.
public sealed partial class Volume
{
    internal Reply<FuseAttributes> Lookup(InodeId parent, ReadOnlySpan<byte> name)
    {
        lock (_gate)
        {
            var transaction = new Transaction(_store);
            Errno error = FindDirectory(transaction, parent, name, out _, out FileName fileName);
            if (error != Errno.OK) return error;
            ShownName shown = transaction.Resolve(parent, fileName);
            return shown.IsNothing ? Errno.ENOENT : AttributesOf(transaction, transaction.Require(shown.Primary.Inode));
        }
    }

    /// <summary>Creates a file, directory, symlink or special file.</summary>
    internal Reply<FuseAttributes> Create(NewNode node)
    {
        if (Failure is not null) return Errno.EROFS;
        lock (_gate)
        {
            var transaction = new Transaction(_store);
            Errno error = FindDirectory(transaction, node.Parent, node.Name, out NodeRecord? parent, out FileName name);
            if (error != Errno.OK) return error;
            if (!transaction.Resolve(node.Parent, name).IsNothing) return Errno.EEXIST;
            UnixTime now = Now();
            NodeRecord record = new LocalChange(transaction, now).Create(parent!, name, node.Kind, node.Content?.WithModifyTime(now), NewAttributes(node, parent!, now));
            Commit(transaction);
            return AttributesOf(new Transaction(_store), record);
        }
    }

    internal Reply<FuseAttributes> MakeLink(InodeId inode, InodeId newParent, ReadOnlySpan<byte> newName)
    {
        if (Failure is not null) return Errno.EROFS;
        lock (_gate)
        {
            var transaction = new Transaction(_store);
            if (transaction.Read(inode) is not { } record || !IsAlive(record)) return Errno.ENOENT;
            if (record.IsDirectory) return Errno.EPERM;
            if (record.LiveLinks.Count() >= Limits.LinksMax) return Errno.EMLINK;
            Errno error = FindDirectory(transaction, newParent, newName, out NodeRecord? parent, out FileName name);
            if (error != Errno.OK) return error;
            if (!transaction.Resolve(newParent, name).IsNothing) return Errno.EEXIST;
            new LocalChange(transaction, Now()).Link(inode, parent!, name);
            Commit(transaction);
            return AttributesOf(new Transaction(_store), _store.Read(inode)!);
        }
    }

    internal Errno Unlink(InodeId parent, ReadOnlySpan<byte> name)
    {
        if (Failure is not null) return Errno.EROFS;
        lock (_gate)
        {
            var transaction = new Transaction(_store);
            Errno error = FindDirectory(transaction, parent, name, out _, out FileName fileName);
            if (error != Errno.OK) return error;
            ShownName shown = transaction.Resolve(parent, fileName);
            if (shown.IsNothing) return Errno.ENOENT;
            if (shown.Primary.IsDirectory) return Errno.EISDIR;
            Remove(transaction, shown, parent, isRemoval: true);
            Commit(transaction, isRemoval: true);
            return Errno.OK;
        }
    }

    internal Errno RemoveDirectory(InodeId parent, ReadOnlySpan<byte> name)
    {
        if (Failure is not null) return Errno.EROFS;
        lock (_gate)
        {
            var transaction = new Transaction(_store);
            Errno error = FindDirectory(transaction, parent, name, out _, out FileName fileName);
            if (error != Errno.OK) return error;
            ShownName shown = transaction.Resolve(parent, fileName);
            if (shown.IsNothing) return Errno.ENOENT;
            if (!shown.Primary.IsDirectory) return Errno.ENOTDIR;
            if (!IsEmpty(transaction, shown)) return Errno.ENOTEMPTY;
            Remove(transaction, shown, parent, isRemoval: true);
            Commit(transaction, isRemoval: true);
            return Errno.OK;
        }
    }

    internal Errno Rename(InodeId parent, ReadOnlySpan<byte> name, InodeId newParent, ReadOnlySpan<byte> newName, RenameFlags flags)
    {
        if (Failure is not null) return Errno.EROFS;
        if (flags is not (RenameFlags.None or RenameFlags.NoReplace or RenameFlags.Exchange)) return Errno.EINVAL;
        lock (_gate)
        {
            var transaction = new Transaction(_store);
            Errno error = FindDirectory(transaction, parent, name, out NodeRecord? from, out FileName fromName);
            if (error != Errno.OK) return error;
            error = FindDirectory(transaction, newParent, newName, out NodeRecord? to, out FileName toName);
            if (error != Errno.OK) return error;
            var source = new RenameSide(from!, fromName, transaction.Resolve(parent, fromName));
            var target = new RenameSide(to!, toName, transaction.Resolve(newParent, toName));
            error = CheckRename(transaction, source, target, flags);
            if (error != Errno.OK || IsSameFile(source.Shown, target.Shown)) return error;
            var change = new LocalChange(transaction, Now());
            if (flags == RenameFlags.Exchange)
            {
                change.Move(target.Shown.Group, target.Parent.Inode, source.Parent, source.Name);
            }
            else if (!target.Shown.IsNothing)
            {
                Remove(transaction, target.Shown, target.Parent.Inode, isRemoval: false);
            }

            change.Move(source.Shown.Group, source.Parent.Inode, target.Parent, target.Name);
            Commit(transaction);
            return Errno.OK;
        }
    }

    private static Errno CheckRename(Transaction transaction, RenameSide source, RenameSide target, RenameFlags flags)
    {
        if (source.Shown.IsNothing) return Errno.ENOENT;
        bool isDirectory = source.Shown.Primary.IsDirectory;
        if (isDirectory && transaction.IsWithin(target.Parent.Inode, source.Shown.Primary.Inode)) return Errno.EINVAL;
        if (target.Shown.IsNothing) return flags == RenameFlags.Exchange ? Errno.ENOENT : Errno.OK;
        if (flags == RenameFlags.NoReplace) return Errno.EEXIST;
        bool isTargetDirectory = target.Shown.Primary.IsDirectory;
        if (flags == RenameFlags.Exchange)
        {
            return isTargetDirectory && transaction.IsWithin(source.Parent.Inode, target.Shown.Primary.Inode) ? Errno.EINVAL : Errno.OK;
        }

        if (IsSameFile(source.Shown, target.Shown)) return Errno.OK;
        if (isDirectory && !isTargetDirectory) return Errno.ENOTDIR;
        if (!isDirectory && isTargetDirectory) return Errno.EISDIR;
        return isTargetDirectory && !IsEmpty(transaction, target.Shown) ? Errno.ENOTEMPTY : Errno.OK;
    }

    /// <summary>Two names of one file: renaming one onto the other does nothing.</summary>
    private static bool IsSameFile(ShownName source, ShownName target) =>
        !source.IsNothing && !target.IsNothing && source.Primary.Inode == target.Primary.Inode;

    private static bool IsEmpty(Transaction transaction, ShownName shown) =>
        shown.Directories.All(directory => transaction.Require(directory.Inode).Entries == 0);

    /// <summary>Removes what a name shows; what is still in use lives on in memory.</summary>
    private void Remove(Transaction transaction, ShownName shown, InodeId parent, bool isRemoval)
    {
        // Now, and not when half of it is done: it may find that there is no room.
        SettleLongUndo(isRemoval);
        UnixTime now = Now();
        var seen = new Dictionary<InodeId, ContentValue>();
        foreach (Claim claim in shown.Group)
        {
            OpenFile? file = _files.GetValueOrDefault(claim.Inode);
            if (file is { Writers: > 0, Seen: { } content }) seen[claim.Inode] = content;
            NodeRecord record = transaction.Require(claim.Inode);
            int removed = shown.Group.Count(other => other.Inode == claim.Inode);
            if (record.LiveLinks.Count() > removed) continue;
            if (file is not null) DeleteWorking(transaction.Batch, file);
            else if (_unrecovered.Contains(claim.Inode)) DeleteUnrecovered(transaction.Batch, claim.Inode);
            KeepUnlinked(record, now);
        }

        new LocalChange(transaction, now).Remove(shown.Group, parent, seen);
    }

    /// <summary>Checks that an entry of this name may be looked for or made here.</summary>
    private static Errno FindDirectory(Transaction transaction, InodeId inode, ReadOnlySpan<byte> name, out NodeRecord? directory, out FileName fileName)
    {
        fileName = default;
        directory = transaction.Read(inode);
        if (directory is null || !transaction.IsShown(directory)) return Errno.ENOENT;
        if (!directory.IsDirectory) return Errno.ENOTDIR;
        if (name.Length > Limits.NameBytesMax) return Errno.ENAMETOOLONG;
        directory = transaction.Require(transaction.PrimaryOf(inode));
        return FileName.TryCreate(name, out fileName) ? Errno.OK : Errno.EINVAL;
    }

    private AttributeValue NewAttributes(NewNode node, NodeRecord parent, UnixTime now)
    {
        AttributeValue inherited = ShownAttributes(parent);
        bool inheritsGroup = (inherited.Mode & FuseMode.SetGroupId) != 0;
        (uint mode, ExtendedAttributes extended) = Inherit(node, inherited);
        if (inheritsGroup && node.Kind == NodeKind.Directory) mode |= FuseMode.SetGroupId;
        uint group = inheritsGroup ? inherited.Group : ToStored(node.GroupId, _options.GroupId);
        return new AttributeValue(mode, ToStored(node.UserId, _options.OwnerId), group, now, extended);
    }

    private static uint ToStored(uint id, uint own) => id == own ? AttributeValue.Self : id;

    private readonly record struct RenameSide(NodeRecord Parent, FileName Name, ShownName Shown);
}
