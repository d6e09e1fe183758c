using Bazil.Core;

namespace Bazil.Storage.Blobs;

/// <summary>A stored part of a blob's Merkle tree: a data chunk, or a pointer chunk with all below it. For whoever walks content without reading it.</summary>
/// <param name="Key">Of the topmost chunk; zero for nothing but zeros, which is not stored.</param>
/// <param name="Level">Of that chunk; 0 for data.</param>
/// <param name="ChunkSizeBytes">As in the blob's manifest.</param>
/// <param name="Fanout">As in the blob's manifest.</param>
/// <param name="KeyEpoch">As in the blob's manifest.</param>
public readonly record struct BlobSubtree(ChunkKey Key, byte Level, uint ChunkSizeBytes, ushort Fanout, uint KeyEpoch)
{
    /// <summary>The whole tree of a blob.</summary>
    public static BlobSubtree Of(in Manifest manifest)
    {
        var layout = new BlobLayout(manifest.ChunkSizeBytes, manifest.Fanout);
        return new BlobSubtree(manifest.Root, (byte)layout.Depth(manifest.SizeBytes), manifest.ChunkSizeBytes, manifest.Fanout, manifest.KeyEpoch);
    }

    /// <summary>The longest that the topmost chunk can be.</summary>
    public int SizeBytesMax => new BlobLayout(ChunkSizeBytes, Fanout).NodeSizeBytes(Level);

    /// <summary>The stored subtrees right below the topmost chunk.</summary>
    /// <param name="pointers">The content of that chunk, trimmed as stores return it.</param>
    public IEnumerable<BlobSubtree> Children(ReadOnlyMemory<byte> pointers)
    {
        Invariant.Check(Level > 0);
        int count = (pointers.Length + BlobLayout.KeySizeBytes - 1) / BlobLayout.KeySizeBytes;
        for (int slot = 0; slot < count; slot++)
        {
            ChunkKey key = BlobLayout.KeyIn(pointers.Span, slot);
            if (!key.IsZero) yield return this with { Key = key, Level = (byte)(Level - 1) };
        }
    }
}
