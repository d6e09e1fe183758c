using System.Collections.Concurrent;

namespace Bazil.Fuse.Examples.Passthrough;

/// <summary>The inodes the kernel knows: names of one file share a node. Ids are never used again. Thread-safe.</summary>
internal sealed class NodeTable
{
    /// <summary>Guards what maps inodes to nodes, and the lookups of all nodes.</summary>
    private readonly Lock _lock = new();
    private readonly Dictionary<(ulong Device, ulong Inode), Node> _byInode = [];
    private readonly ConcurrentDictionary<ulong, Node> _byId = new();
    private ulong _lastId;

    internal int Count => _byId.Count;

    internal SafeFileHandle this[FuseNodeId id] => _byId[id.Value].Handle;

    /// <summary>Counts a lookup; <paramref name="owned"/> becomes the descriptor of the node or is closed. The first is the root.</summary>
    internal FuseNodeId LookUp(SafeFileHandle owned, (ulong Device, ulong Inode) key)
    {
        lock (_lock)
        {
            if (_byInode.TryGetValue(key, out var node)) owned.Dispose();
            else _byInode[key] = _byId[++_lastId] = node = new Node(new FuseNodeId(_lastId), key, owned);
            node.Lookups++;
            return node.Id;
        }
    }

    internal void Forget(FuseNodeId id, ulong count)
    {
        lock (_lock)
        {
            if (!_byId.TryGetValue(id.Value, out var node) || (node.Lookups -= Math.Min(count, node.Lookups)) > 0) return;
            _byId.TryRemove(id.Value, out _);
            _byInode.Remove(node.Key);
            node.Handle.Dispose();
        }
    }

    internal void Clear()
    {
        foreach (var node in _byId.Values) node.Handle.Dispose();
        _byId.Clear();
    }

    /// <summary>Held by an O_PATH descriptor: renamed or unlinked, it stays what it is.</summary>
    private sealed record Node(FuseNodeId Id, (ulong Device, ulong Inode) Key, SafeFileHandle Handle)
    {
        /// <summary>What the kernel holds.</summary>
        internal ulong Lookups { get; set; }
    }
}
