namespace Bazil.Storage.Stores;

/// <summary>Bounds of sealed objects.</summary>
public static class ObjectLimits
{
    /// <summary>The largest plaintext of a chunk: the largest chunk size that a directory can choose.</summary>
    public const int ChunkSizeBytesMax = 4 * 1024 * 1024;

    /// <summary>Encoding byte, a 24-byte nonce (which encoding 0 leaves out) and the 16-byte tag around the largest chunk. Nothing larger is read or received.</summary>
    public const int ObjectSizeBytesMax = ChunkSizeBytesMax + 1 + 24 + 16;
}
