using Bazil.Core;

namespace Bazil.Storage.Blobs;

/// <summary>
/// The complete description of a blob: the root of its Merkle tree and what is needed to walk it. Depth is a pure
/// function of size, chunk size and fanout. Two blobs have the same bytes when their manifests are equal but for the epoch.
/// </summary>
/// <param name="Root">Key of the root chunk; zero when the content is all zeros or empty.</param>
/// <param name="SizeBytes">Length of the content.</param>
/// <param name="ChunkSizeBytes">Size of every data chunk but the last, 4 KiB to 4 MiB, a power of two.</param>
/// <param name="Fanout">Keys in a pointer chunk.</param>
/// <param name="KeyEpoch">Number of the oldest key epoch under which a chunk of it may be sealed (<see cref="Core.Crypto.KeyEpoch"/>); 1 is the founding one.</param>
public readonly record struct Manifest(ChunkKey Root, ulong SizeBytes, uint ChunkSizeBytes, ushort Fanout, uint KeyEpoch)
{
    public const ushort DefaultFanout = 128;
    public const uint DefaultChunkSizeBytes = 128 * 1024;

    public static Manifest Empty(uint chunkSizeBytes = DefaultChunkSizeBytes) => new(default, 0, chunkSizeBytes, DefaultFanout, 1);
}
