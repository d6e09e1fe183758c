namespace Bazil.Storage.Cas;

/// <summary>What a chunk is part of. The name is hashed into the chunk key, so equal bytes of two types never meet.</summary>
public enum ChunkType : byte
{
    /// <summary>File content and its Merkle nodes: <c>file</c>.</summary>
    File = 1,

    /// <summary>A directory of a snapshot: <c>dir</c>.</summary>
    Directory = 2,

    /// <summary>The root of a snapshot: <c>snap</c>.</summary>
    Snapshot = 3,
}
