using Bazil.Core;
using Bazil.FileSystem.Nodes;

namespace Bazil.FileSystem.Live;

/// <summary>
/// Decoded records, bounded by what they take in memory, oldest out first (second chance for those used since). Cached records are
/// never changed. Guarded by the volume's gate.
/// <para>Invariants: <see cref="UsedBytes"/> is the sum over the entries, and at most the bound; each entry is in the order once, and under its node once.</para>
/// </summary>
internal sealed class RecordCache(long bytesMax)
{
    private readonly Dictionary<InodeId, LinkedListNode<Entry>> _entries = [];
    private readonly Dictionary<NodeId, InodeId> _inodes = [];
    private readonly LinkedList<Entry> _order = new();

    public int Count => _entries.Count;

    public long UsedBytes { get; private set; }

    public long BytesMax => bytesMax;

    public NodeRecord? Find(InodeId inode)
    {
        if (!_entries.TryGetValue(inode, out LinkedListNode<Entry>? node)) return null;
        node.ValueRef.Used = true;
        return node.Value.Record;
    }

    /// <summary>The inode of a node whose record is here, or none.</summary>
    public InodeId FindInode(NodeId node) => _inodes.GetValueOrDefault(node);

    public void Set(NodeRecord record)
    {
        int bytes = RecordSize.Of(record);
        if (_entries.TryGetValue(record.Inode, out LinkedListNode<Entry>? node))
        {
            UsedBytes += bytes - node.Value.Bytes;
            node.ValueRef.Record = record;
            node.ValueRef.Bytes = bytes;
        }
        else
        {
            UsedBytes += bytes;
            _entries.Add(record.Inode, _order.AddLast(new Entry { Record = record, Bytes = bytes }));
            _inodes[record.Id] = record.Inode;
        }

        while (UsedBytes > bytesMax) EvictOne();
    }

    public void Remove(InodeId inode)
    {
        if (!_entries.Remove(inode, out LinkedListNode<Entry>? node)) return;
        UsedBytes -= node.Value.Bytes;
        _inodes.Remove(node.Value.Record.Id);
        _order.Remove(node);
    }

    public void Clear()
    {
        _entries.Clear();
        _inodes.Clear();
        _order.Clear();
        UsedBytes = 0;
    }

    private void EvictOne()
    {
        LinkedListNode<Entry> oldest = _order.First!;
        if (oldest.Value.Used)
        {
            oldest.ValueRef.Used = false;
            _order.RemoveFirst();
            _order.AddLast(oldest);
            return;
        }

        Remove(oldest.Value.Record.Inode);
    }

    private struct Entry
    {
        public NodeRecord Record;
        public int Bytes;
        public bool Used;
    }
}
