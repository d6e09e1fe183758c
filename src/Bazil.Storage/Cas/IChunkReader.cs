using System.Buffers;
using Bazil.Core;

namespace Bazil.Storage.Cas;

/// <summary>Chunks by the hash of their plaintext, for who only reads.</summary>
public interface IChunkReader
{
    /// <summary>
    /// Returns the plaintext without its trailing zeros, verified against the key. The zero key gives an empty buffer. The caller disposes it.
    /// </summary>
    /// <param name="sizeBytesMax">The largest plaintext that is accepted.</param>
    /// <exception cref="ChunkNotFoundException">No store that could be asked has it.</exception>
    /// <exception cref="Stores.CorruptObjectException">All copies are damaged.</exception>
    /// <exception cref="Stores.StoreException">A store that may have it could not be asked.</exception>
    ValueTask<IMemoryOwner<byte>> GetAsync(ChunkType type, byte level, ChunkKey key, int sizeBytesMax, CancellationToken cancel);
}
