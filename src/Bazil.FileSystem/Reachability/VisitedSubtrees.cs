using System.Buffers.Binary;
using Bazil.Core;

namespace Bazil.FileSystem.Reachability;

/// <summary>
/// Which chunks with others below them were walked already. Remembers half of each key, so nobody can make two that are taken for one;
/// a filter that is wrong now and then would leave what is reachable unvisited. When it is full the rest is walked again. Not safe for concurrent use.
/// </summary>
internal sealed class VisitedSubtrees(int capacity)
{
    private readonly HashSet<UInt128> _keys = [];

    /// <summary>True when the chunk is to be walked.</summary>
    public bool TryAdd(in ChunkKey key)
    {
        UInt128 half = HalfOf(key);
        return _keys.Count < capacity ? _keys.Add(half) : !_keys.Contains(half);
    }

    /// <summary>Lets a chunk be walked again: its content could not be read.</summary>
    public void Remove(in ChunkKey key) => _keys.Remove(HalfOf(key));

    private static UInt128 HalfOf(in ChunkKey key) => BinaryPrimitives.ReadUInt128LittleEndian(key.Span);
}
