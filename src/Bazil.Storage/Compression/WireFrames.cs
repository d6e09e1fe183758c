namespace Bazil.Storage.Compression;

/// <summary>Compresses frames of metadata for the wire: one zstd frame for each, that states its size. Safe for concurrent use.</summary>
public static class WireFrames
{
    /// <summary>The frame, or null when it does not get smaller by a 16th.</summary>
    public static byte[]? TryCompress(ReadOnlySpan<byte> content)
    {
        byte[] frame = new byte[Math.Max(0, ChunkCompressor.FrameSizeBytesMax(content.Length, overheadBytes: 0))];
        int size = ChunkCompressor.Compress(content, frame);
        return size == 0 ? null : frame[..size];
    }

    /// <summary>The content, or null when this is not exactly one frame, or one of more than so many bytes: what it claims is judged before memory is taken.</summary>
    public static byte[]? TryDecompress(ReadOnlySpan<byte> frame, int sizeBytesMax)
    {
        if (!ZstdDecompressor.TryMeasure(frame, out ulong size) || size == 0 || size > (ulong)sizeBytesMax) return null;
        byte[] content = new byte[size];
        return ChunkCompressor.TryDecompress(frame, content) ? content : null;
    }
}
