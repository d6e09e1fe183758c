using Bazil.FileSystem.Snapshots.Diff;

namespace Bazil.FileSystem.Snapshots.History;

/// <summary>One state of a file, as one or several snapshots in a row have it.</summary>
/// <param name="Newest">The newest snapshot with it; null when only the present has it.</param>
/// <param name="Oldest">The oldest of them.</param>
/// <param name="IsPresent">Whether the file is so now.</param>
/// <param name="Path">Where it was.</param>
/// <param name="Entry">What it was.</param>
/// <param name="Snapshots">How many snapshots have it.</param>
public sealed record FileVersion(SnapshotReference? Newest, SnapshotReference? Oldest, bool IsPresent, SnapshotPath Path, SnapshotEntry Entry, int Snapshots);
