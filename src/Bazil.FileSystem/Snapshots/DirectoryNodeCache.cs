using System.Diagnostics.CodeAnalysis;
using Bazil.Core;

namespace Bazil.FileSystem.Snapshots;

/// <summary>
/// The nodes used last, up to a number of bytes: whoever walks a tree asks for the same few again and again. Safe for concurrent use.
/// </summary>
internal sealed class DirectoryNodeCache(int capacityBytes)
{
    // Guards everything below. Nothing is called while it is held.
    private readonly Lock _lock = new();
    private readonly Dictionary<ChunkKey, LinkedListNode<(ChunkKey Key, DirectoryNode Node)>> _places = [];
    private readonly LinkedList<(ChunkKey Key, DirectoryNode Node)> _recent = new();
    private int _sizeBytes;

    public int CapacityBytes => capacityBytes;

    public int UsedBytes
    {
        get
        {
            lock (_lock) return _sizeBytes;
        }
    }

    public bool TryGet(ChunkKey key, [NotNullWhen(true)] out DirectoryNode? node)
    {
        lock (_lock)
        {
            node = null;
            if (!_places.TryGetValue(key, out LinkedListNode<(ChunkKey Key, DirectoryNode Node)>? place)) return false;
            _recent.Remove(place);
            _recent.AddFirst(place);
            node = place.Value.Node;
            return true;
        }
    }

    public void Add(ChunkKey key, DirectoryNode node)
    {
        if (node.SizeBytes > capacityBytes) return;
        lock (_lock)
        {
            if (_places.ContainsKey(key)) return;
            _places.Add(key, _recent.AddFirst((key, node)));
            _sizeBytes += node.SizeBytes;
            while (_sizeBytes > capacityBytes)
            {
                (ChunkKey oldKey, DirectoryNode oldNode) = _recent.Last!.Value;
                _recent.RemoveLast();
                _places.Remove(oldKey);
                _sizeBytes -= oldNode.SizeBytes;
            }
        }
    }
}
