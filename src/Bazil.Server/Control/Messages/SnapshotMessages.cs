namespace Bazil.Server.Control.Messages;

public sealed record SnapshotRequest(string Volume, string Name);

/// <param name="Key">64 hex digits: with the sharing key, all that is needed to read the snapshot or to rebuild the volume.</param>
/// <param name="Origin">Who wanted it: <c>person</c>, <c>schedule</c> or <c>restore</c>.</param>
/// <param name="Files">Names of files in it; null when its root cannot be read now.</param>
/// <param name="Bytes">Their sizes.</param>
/// <param name="Member">The peer that keeps it; null for this node.</param>
public sealed record SnapshotInfo(string Name, string Key, DateTimeOffset Taken, string Origin, ulong? Files, ulong? Directories, ulong? Bytes, string? Member);

/// <param name="Snapshots">The oldest first.</param>
public sealed record SnapshotListReply(IReadOnlyList<SnapshotInfo> Snapshots, SnapshotScheduleInfo Schedule);

/// <param name="To">Null for the present state.</param>
public sealed record SnapshotDiffRequest(string Volume, string From, string? To);

/// <param name="Changes">By path; the first of them when there are very many.</param>
/// <param name="Total">How many there are.</param>
public sealed record SnapshotDiffReply(IReadOnlyList<SnapshotChangeInfo> Changes, long Total);

/// <param name="Kind"><c>added</c>, <c>removed</c>, <c>changed</c>, <c>attributes</c> or <c>renamed</c>.</param>
/// <param name="Type"><c>file</c>, <c>directory</c>, <c>symlink</c> or another.</param>
/// <param name="OldPath">Where something renamed was, or null.</param>
/// <param name="ContentChanged">Whether there is other content; of something renamed, too.</param>
/// <param name="OldBytes">Size before; null for what was added, and for directories.</param>
/// <param name="Bytes">Size after; null for what was removed, and for directories.</param>
public sealed record SnapshotChangeInfo(string Kind, string Type, string Path, string? OldPath, bool ContentChanged, ulong? OldBytes, ulong? Bytes);

public sealed record SnapshotRenameRequest(string Volume, string Name, string NewName);

/// <param name="Path">From the root of the volume; empty for all of it.</param>
/// <param name="Target">Where to, from the root of the volume; null for where it was.</param>
/// <param name="InPlace">Replace what is there.</param>
public sealed record SnapshotRestoreRequest(string Volume, string Name, string Path, string? Target, bool InPlace);

/// <param name="Target">Where it is now.</param>
/// <param name="Restored">Names made or changed.</param>
/// <param name="Removed">Names removed by a restore in place.</param>
/// <param name="Kept">The snapshot that keeps what a restore in place replaced; null when one had it already.</param>
/// <param name="InUse">What a restore in place left alone, because it was being written or changed.</param>
public sealed record SnapshotRestoreReply(string Target, long Restored, long Removed, string? Kept, IReadOnlyList<string> InUse);

/// <param name="Every">The interval, such as <c>1h</c>; null to leave it, or with <paramref name="Keep"/> for the first time, an hour.</param>
/// <param name="Keep">What is kept; null to leave it.</param>
/// <param name="Off">Take no more.</param>
public sealed record SnapshotScheduleRequest(string Volume, string? Every, string? Keep, bool Off);

/// <param name="Every">Null when none are taken by themselves.</param>
/// <param name="Keep">Null when none are taken by themselves.</param>
public sealed record SnapshotScheduleInfo(string? Every, string? Keep);

/// <param name="Path">Absolute, of a mounted volume; symbolic links in front of the last name are resolved.</param>
public sealed record PathRequest(string Path);

/// <param name="Path">From the root of the volume.</param>
/// <param name="Versions">The newest first.</param>
/// <param name="Searched">How many snapshots were looked at.</param>
/// <param name="Unreadable">Snapshots that were left out, each with the reason.</param>
public sealed record HistoryReply(string Volume, string Path, IReadOnlyList<FileVersionInfo> Versions, int Searched, IReadOnlyList<string> Unreadable);

/// <param name="Snapshot">The newest snapshot with it; null when only the present has it.</param>
/// <param name="Oldest">The oldest of those in a row that have it; null as well.</param>
/// <param name="Snapshots">How many have it.</param>
/// <param name="Taken">When the newest one was taken.</param>
/// <param name="Path">Where the file was then, from the root of the volume.</param>
public sealed record FileVersionInfo(
    bool Present, string? Snapshot, string? Oldest, int Snapshots, DateTimeOffset? Taken, string Path, string Type, DateTimeOffset Modified, ulong? Bytes);

/// <param name="Snapshot">Where it came from.</param>
/// <param name="Unreadable">Snapshots that were left out, each with the reason.</param>
public sealed record UndeleteReply(string Volume, string Path, string Snapshot, DateTimeOffset Taken, long Restored, IReadOnlyList<string> Unreadable);

/// <param name="Unreadable">Snapshots that were left out, each with the reason.</param>
public sealed record LostListReply(string Volume, string Path, IReadOnlyList<LostNameInfo> Names, IReadOnlyList<string> Unreadable);

public sealed record LostNameInfo(string Name, string Type, ulong? Bytes, DateTimeOffset Modified, string Snapshot, DateTimeOffset Taken);
