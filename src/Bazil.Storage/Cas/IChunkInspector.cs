using Bazil.Core;

namespace Bazil.Storage.Cas;

/// <summary>Looks after chunks that something refers to, and heals what is damaged. Safe for concurrent use.</summary>
public interface IChunkInspector
{
    /// <summary>
    /// Looks whether a chunk is here, and how long its object is; when <paramref name="isRead"/>, also whether it opens and its
    /// content is what its name says. A damaged copy is set aside, and replaced when another store has a good one.
    /// </summary>
    /// <param name="keyEpoch">Which sharing-key epoch sealed it.</param>
    /// <param name="sizeBytesMax">The largest plaintext that is right.</param>
    ValueTask<ChunkInspection> InspectAsync(
        ChunkType type, byte level, ChunkKey key, uint keyEpoch, int sizeBytesMax, bool isRead, CancellationToken cancel);
}
