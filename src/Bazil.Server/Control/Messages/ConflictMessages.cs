namespace Bazil.Server.Control.Messages;

/// <param name="Volume">Only conflicts of this volume, and paths count from its root; null for all, and paths are those of mounted volumes.</param>
/// <param name="Paths">What is asked for, with all below; empty for everything.</param>
public sealed record ConflictListRequest(string? Volume, IReadOnlyList<string> Paths);

/// <param name="Conflicts">By volume and path; the first of them when there are very many.</param>
/// <param name="Total">How many there are.</param>
public sealed record ConflictListReply(IReadOnlyList<ConflictInfo> Conflicts, long Total);

/// <param name="Path">From the root of the volume; control characters, backslashes and what is no text are escaped.</param>
/// <param name="Kind"><c>content</c>, <c>name</c>, <c>place</c> or <c>attributes</c>.</param>
/// <param name="Values">What is in place here first.</param>
public sealed record ConflictInfo(string Volume, string Path, string Kind, IReadOnlyList<ConflictValueInfo> Values);

/// <param name="Label">Who wrote it and when, as under <c>.bazil/conflicts</c>.</param>
/// <param name="Peer">Nickname or key of the writer, <c>here</c> for this machine; null when nobody knows.</param>
/// <param name="Newest">Whether it was written last.</param>
/// <param name="Time">When it was written; null for a place.</param>
/// <param name="Type">What it is: <c>file</c>, <c>directory</c>, <c>symlink</c> and so on.</param>
/// <param name="Bytes">The size of its content; null for what has none.</param>
/// <param name="Detail">The place, or the attributes, of those kinds of conflicts.</param>
public sealed record ConflictValueInfo(string Label, string? Peer, bool InPlace, bool Newest, DateTimeOffset? Time, string Type, ulong? Bytes, string? Detail);

/// <param name="All">Everything; with <paramref name="Volume"/> everything of it.</param>
/// <param name="Choice"><c>ours</c>, <c>theirs</c>, <c>both</c> or <c>newest</c>.</param>
/// <param name="Peer">With <c>theirs</c>: a nickname, a key or a label.</param>
public sealed record ConflictResolveRequest(string? Volume, IReadOnlyList<string> Paths, bool All, string Choice, string? Peer);

/// <param name="Left">Conflicts that could not be settled so.</param>
public sealed record ConflictResolveReply(int Resolved, IReadOnlyList<LeftInfo> Left);

/// <summary>Something that was left as it is, and why.</summary>
public sealed record LeftInfo(string Volume, string Path, string Reason);

/// <param name="Path">One file.</param>
public sealed record ConflictExportRequest(string? Volume, string Path);

/// <param name="Token">Names the export until it is imported or discarded.</param>
/// <param name="Directory">Holds a file for each side, which the server made for the asking program.</param>
public sealed record ConflictExportReply(string Token, string Directory, ConflictInfo Conflict, IReadOnlyList<ExportedValueInfo> Files);

/// <param name="File">Its absolute path; null for what has no bytes to compare.</param>
public sealed record ExportedValueInfo(string Label, bool InPlace, string? File);

/// <param name="Discard">Drops the files; otherwise <c>output</c> in the directory of the export becomes the content.</param>
public sealed record ConflictImportRequest(string Token, bool Discard);
