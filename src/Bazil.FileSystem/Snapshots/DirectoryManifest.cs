using Bazil.Core;

namespace Bazil.FileSystem.Snapshots;

/// <summary>
/// The complete description of a directory in a snapshot with all below it. Equal directories have equal manifests on
/// every machine (but for the epoch).
/// </summary>
/// <param name="Root">Key of the root node of its search tree; zero when the directory is empty.</param>
/// <param name="Height">Levels above the leaves; also the level of the root chunk.</param>
/// <param name="KeyEpoch">Which sharing-key epoch of the volume sealed the nodes; 1 is the first.</param>
/// <param name="Entries">Names directly in the directory.</param>
/// <param name="Totals">What lies below it, at any depth.</param>
public readonly record struct DirectoryManifest(ChunkKey Root, byte Height, uint KeyEpoch, ulong Entries, TreeTotals Totals)
{
    /// <summary>A directory without entries. Needs no chunk.</summary>
    public static DirectoryManifest Empty(uint keyEpoch) => new(default, 0, keyEpoch, 0, default);
}
