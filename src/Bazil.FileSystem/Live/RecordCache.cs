using Bazil.Core;
using Bazil.FileSystem.Nodes;

namespace Bazil.FileSystem.Live;

/// <summary>
/// Decoded records, bounded by count, oldest out first (second chance for those used since). Cached records are never
/// changed. Guarded by the volume's gate.
/// </summary>
internal sealed class RecordCache(int countMax)
{
    private readonly Dictionary<InodeId, Entry> _entries = [];
    private readonly Queue<InodeId> _order = new();

    public int Count => _entries.Count;

    public NodeRecord? Find(InodeId inode)
    {
        if (!_entries.TryGetValue(inode, out Entry? entry)) return null;
        entry.Used = true;
        return entry.Record;
    }

    public void Set(NodeRecord record)
    {
        if (_entries.TryGetValue(record.Inode, out Entry? entry))
        {
            entry.Record = record;
            return;
        }

        while (_entries.Count >= countMax) EvictOne();
        _entries.Add(record.Inode, new Entry(record));
        _order.Enqueue(record.Inode);
    }

    public void Remove(InodeId inode) => _entries.Remove(inode);

    private void EvictOne()
    {
        InodeId inode = _order.Dequeue();
        if (!_entries.TryGetValue(inode, out Entry? entry)) return;
        if (entry.Used)
        {
            entry.Used = false;
            _order.Enqueue(inode);
            return;
        }

        _entries.Remove(inode);
    }

    private sealed class Entry(NodeRecord record)
    {
        public NodeRecord Record { get; set; } = record;

        public bool Used { get; set; }
    }
}
