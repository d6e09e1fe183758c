using Bazil.Core;
using Bazil.Storage.Cas;

namespace Bazil.FileSystem.Reachability;

/// <summary>One chunk that a volume refers to.</summary>
/// <param name="Type">With level and key: its name.</param>
/// <param name="Level">0 for data, leaves of directories and roots of snapshots.</param>
/// <param name="Key">Never zero.</param>
/// <param name="KeyEpoch">Which sharing-key epoch of the volume sealed it.</param>
/// <param name="SizeBytesMax">The longest that its plaintext can be. Trailing zeros are not stored, so any chunk may be shorter.</param>
/// <param name="Origin">Through what it is reached, for messages.</param>
/// <param name="Failure">
/// Why this chunk could not be read, though more lies below it: a <see cref="Storage.Stores.StoreException"/> (missing, damaged, out of
/// reach) or a <see cref="WireFormatException"/>. What lies below is not known then. Null for chunks that need not be read.
/// </param>
public readonly record struct ReachableChunk(
    ChunkType Type, byte Level, ChunkKey Key, uint KeyEpoch, int SizeBytesMax, ContentOrigin Origin, Exception? Failure)
{
    /// <summary>The chunks through which it was reached, from the nearest up.</summary>
    internal ChunkLineage? Above { get; init; }
}
