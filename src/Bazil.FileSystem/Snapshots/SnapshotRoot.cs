using Bazil.Core;
using Bazil.FileSystem.Nodes;
using Bazil.Unix;

namespace Bazil.FileSystem.Snapshots;

/// <summary>The content of the root chunk of a snapshot. Does not know its name: names are references to its key.</summary>
/// <param name="Volume">The volume it was taken of.</param>
/// <param name="Taken">When.</param>
/// <param name="ModifyTime">Modification time of the root directory.</param>
/// <param name="Attributes">Attributes of the root directory.</param>
/// <param name="Directory">The root directory; its totals are those of the snapshot.</param>
public sealed record SnapshotRoot(
    VolumeId Volume,
    UnixTime Taken,
    UnixTime ModifyTime,
    AttributeValue Attributes,
    DirectoryManifest Directory);
