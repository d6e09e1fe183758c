using Bazil.Unix;

namespace Bazil.FileSystem.Snapshots;

/// <summary>What became of a request for a snapshot.</summary>
/// <param name="Error">Why there is none; OK when there is one, or nothing had changed.</param>
/// <param name="Taken">The snapshot; null when there is none.</param>
/// <param name="ListedDirectories">How many directories were not as the snapshot before had them, and so were looked at.</param>
/// <param name="ListedNames">How many names were read: all of a directory that was looked at, or the changed ones of a large one.</param>
public readonly record struct SnapshotOutcome(Errno Error, SnapshotReference? Taken, long ListedDirectories, long ListedNames);
