using System.Buffers.Binary;
using Bazil.Core;

namespace Bazil.FileSystem.Reachability;

/// <summary>
/// Which chunks with others below them were walked already. Remembers half of each key, so nobody can make two that are taken for one;
/// a filter that is wrong now and then would leave what is reachable unvisited. What memory does not hold goes to a file: if anything were walked
/// again, a tree whose parts are shared again and again (2^40 paths through 40 chunks) would never end. Not safe for concurrent use.
/// </summary>
/// <param name="capacity">Keys in memory.</param>
/// <param name="scratchDirectory">Where the file for more of them is made, and unlinked at once.</param>
internal sealed class VisitedSubtrees(int capacity, string scratchDirectory) : IDisposable
{
    private readonly HashSet<UInt128> _keys = [];
    private KeyFile? _more; // once there is one, it takes all new keys

    /// <summary>True when the chunk is to be walked.</summary>
    /// <exception cref="IOException">The file of keys failed, such as on a full disk.</exception>
    public bool TryAdd(in ChunkKey key)
    {
        UInt128 half = HalfOf(key);
        if (_more is null && _keys.Count < capacity) return _keys.Add(half);
        if (_keys.Contains(half)) return false;
        _more ??= new KeyFile(scratchDirectory, KeyFile.BucketCountMin);
        return _more.TryAdd(half);
    }

    /// <summary>Lets a chunk be walked again: its content could not be read.</summary>
    public void Remove(in ChunkKey key)
    {
        UInt128 half = HalfOf(key);
        if (!_keys.Remove(half)) _more?.Remove(half);
    }

    public void Dispose() => _more?.Dispose();

    private static UInt128 HalfOf(in ChunkKey key) => BinaryPrimitives.ReadUInt128LittleEndian(key.Span);
}
