using Bazil.Core;

namespace Bazil.Storage.Cas;

/// <summary>No store has the chunk. Different from a store that could not be asked.</summary>
public sealed class ChunkNotFoundException(ChunkType type, byte level, ChunkKey key)
    : Stores.StoreException($"chunk {type}@{level} {key} was not found in any store")
{
    public ChunkKey Key { get; } = key;
}
