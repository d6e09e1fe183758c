using System.Collections.Concurrent;
using Bazil.Core;
using Bazil.FileSystem.Nodes;
using Bazil.Unix;

namespace Bazil.FileSystem.Live;

// Nodes without a name that are still in use: open files, the working directory of a process, a pipe. Their records are
// kept in memory until the last close, or until the kernel forgets the node, which it does when nobody uses it any more.
public sealed partial class Volume
{
    /// <summary>Records of nodes that are not open files, as they were when the last name went, as changed since. Written under the gate.</summary>
    private readonly ConcurrentDictionary<InodeId, NodeRecord> _nameless = new();

    /// <summary>The kernel has no use of a node any more.</summary>
    internal void Forget(InodeId inode)
    {
        if (!_nameless.IsEmpty) _nameless.TryRemove(inode, out _);
    }

    /// <summary>Remembers a node whose last name goes now. Under the gate.</summary>
    private void KeepUnlinked(NodeRecord record, UnixTime now)
    {
        NodeRecord kept = record.Clone();
        kept.ChangeTime = now;
        bool isOpen = _files.Remove(record.Inode, out OpenFile? file);
        if (isOpen)
        {
            file!.Unlinked = kept;
            isOpen = !LetGoUnlinked(file);
        }

        if (isOpen)
        {
            _unlinked[record.Inode] = file!;
        }
        else if (_notifier is not null)
        {
            _nameless[record.Inode] = kept;
        }
    }

    /// <summary>Changes the attributes of a node without a name. Under the gate.</summary>
    private void SetUnlinked(NodeRecord record, AttributeValue value, UnixTime accessTime, UnixTime now)
    {
        NodeRecord changed = record.Clone();
        changed.Attributes = Facet<AttributeValue>.Empty.With(record.Attributes.IsEmpty ? record.Id.Creation : record.Attributes.Largest.Version, value);
        changed.AccessTime = accessTime;
        changed.ChangeTime = now;
        if (changed.IsDirectory) changed.DirectoryTime = value.ModifyTime;
        if (_unlinked.TryGetValue(record.Inode, out OpenFile? file)) (file.Unlinked, file.AccessTime) = (changed, null);
        else _nameless[record.Inode] = changed;
    }

    /// <summary>
    /// The record of an inode that a program has a name or a descriptor of, or null; with its open file, if it is one. A
    /// node that a peer revived is the one with the name. Under the gate.
    /// </summary>
    private NodeRecord? Find(InodeId inode, out OpenFile? file, out bool isUnlinked)
    {
        isUnlinked = false;
        _files.TryGetValue(inode, out file);
        if (FindShown(inode) is { } shown) return shown;
        isUnlinked = _unlinked.TryGetValue(inode, out OpenFile? unlinked);
        if (isUnlinked)
        {
            file = unlinked;
            return unlinked!.Unlinked;
        }

        isUnlinked = _nameless.TryGetValue(inode, out NodeRecord? record);
        return record;
    }
}
