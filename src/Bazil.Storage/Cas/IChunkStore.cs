using Bazil.Core;

namespace Bazil.Storage.Cas;

/// <summary>Chunks by the hash of their plaintext. Safe for concurrent use. The convergent store implements it over an object store.</summary>
public interface IChunkStore : IChunkReader
{
    /// <summary>
    /// Hashes and stores a chunk; trailing zeros are trimmed, and an all-zero chunk gives the zero key and is not stored.
    /// The buffer is lent until the task completes.
    /// </summary>
    /// <exception cref="Stores.StoreException">The store failed; a full disk is reported as such in the message.</exception>
    ValueTask<ChunkKey> PutAsync(ChunkType type, byte level, ReadOnlyMemory<byte> buffer, CancellationToken cancel);

    /// <summary>Whether the local store has the chunk at this moment, so that a get needs no other one. False when that is not known.</summary>
    ValueTask<bool> HasHereAsync(ChunkType type, byte level, ChunkKey key, CancellationToken cancel) => new(false);

    /// <summary>On return, every chunk whose put returned before this call survives power loss.</summary>
    ValueTask SyncAsync(CancellationToken cancel);
}
