namespace Bazil.Storage.Cas;

/// <summary>Whether new chunks are compressed before they are sealed. What is stored already is read either way, and equal chunks are one object either way.</summary>
public enum ChunkCompression : byte
{
    None = 0,

    /// <summary>zstd, for chunks that it makes smaller by at least a 16th.</summary>
    Zstd = 1,
}
