namespace Bazil.FileSystem.Snapshots.History;

/// <summary>A name that a directory does not have any more, and the newest snapshot with it.</summary>
public sealed record LostName(SnapshotReference Snapshot, SnapshotEntry Entry);
