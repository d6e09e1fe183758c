namespace Bazil.Storage.Blobs;

/// <summary>
/// The shape of a blob's Merkle tree. Data chunks are level 0; node <c>i</c> of level <c>n</c> holds the keys of nodes
/// <c>i * fanout</c> to <c>i * fanout + fanout - 1</c> of level <c>n - 1</c>, 32 bytes each. The root is node 0 of level
/// <c>depth</c>, the smallest level at which one node covers the content.
/// <code>
///   level 1         [ key 0 | key 1 | key 2 ]        fanout 3, 7 chunks: depth 2
///                   /       |        \
///   level 0   chunk 0    chunk 1   chunk 2   ...
/// </code>
/// </summary>
internal readonly record struct BlobLayout(uint ChunkSizeBytes, ushort Fanout)
{
    public const int KeySizeBytes = Core.ChunkKey.Size;

    public int PointerSizeBytes => Fanout * KeySizeBytes;

    /// <summary>The longest that a chunk of the level can be.</summary>
    public int NodeSizeBytes(int level) => level == 0 ? (int)ChunkSizeBytes : PointerSizeBytes;

    public ulong ChunkOf(ulong offset) => offset / ChunkSizeBytes;

    public int WithinChunk(ulong offset) => (int)(offset % ChunkSizeBytes);

    /// <summary>The level of the root: 0 when the content fits one chunk.</summary>
    public int Depth(ulong sizeBytes)
    {
        int depth = 0;
        for (ulong last = sizeBytes == 0 ? 0 : (sizeBytes - 1) / ChunkSizeBytes; last > 0; last /= Fanout) depth++;
        return depth;
    }

    /// <summary>The index, on its level, of the node above a data chunk.</summary>
    public ulong IndexAt(int level, ulong chunk)
    {
        for (; level > 0; level--) chunk /= Fanout;
        return chunk;
    }

    /// <summary>How many chunks a node of this level covers.</summary>
    public ulong ChunksBelow(int level)
    {
        ulong count = 1;
        for (; level > 0; level--) count *= Fanout;
        return count;
    }

    /// <summary>
    /// The largest subtrees that begin at a chunk and end before another one. Behind the last chunk of the content there is
    /// nothing, so what reaches the end may end anywhere. Always below the root.
    /// </summary>
    /// <param name="first">The first chunk.</param>
    /// <param name="behind">The chunk at which they end.</param>
    /// <param name="all">Chunks of the content.</param>
    public int LevelOfRun(ulong first, ulong behind, ulong all)
    {
        int level = 0;
        for (ulong width = Fanout; width < all && first % width == 0 && (behind >= all || behind - first >= width); width *= Fanout) level++;
        return level;
    }

    /// <summary>Which key of its parent a node is.</summary>
    public int SlotOf(ulong index) => (int)(index % Fanout);

    /// <summary>The memory that one data chunk and all above it take at most, in a tree of this depth.</summary>
    public long PathSizeBytes(int depth) => ChunkSizeBytes + ((long)depth * PointerSizeBytes);

    /// <summary>The key in a stored pointer chunk, whose trailing zeros were trimmed, in the middle of a key if need be.</summary>
    public static Core.ChunkKey KeyIn(ReadOnlySpan<byte> trimmed, int slot)
    {
        int start = slot * KeySizeBytes;
        if (start >= trimmed.Length) return default;
        if (start + KeySizeBytes <= trimmed.Length) return new Core.ChunkKey(trimmed.Slice(start, KeySizeBytes));
        Span<byte> key = stackalloc byte[KeySizeBytes];
        key.Clear();
        trimmed[start..].CopyTo(key);
        return new Core.ChunkKey(key);
    }
}
