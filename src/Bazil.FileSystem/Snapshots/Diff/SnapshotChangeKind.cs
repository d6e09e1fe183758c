namespace Bazil.FileSystem.Snapshots.Diff;

/// <summary>What happened to a path between two snapshots.</summary>
public enum SnapshotChangeKind
{
    Added,
    Removed,

    /// <summary>Other content, or another device number or target.</summary>
    Changed,

    /// <summary>Other mode, owner, extended attributes or modification time, and the same content.</summary>
    Attributes,

    /// <summary>The same node under another path.</summary>
    Renamed,
}
