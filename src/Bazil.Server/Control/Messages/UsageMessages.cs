namespace Bazil.Server.Control.Messages;

/// <param name="Paths">In mounted volumes; absolute, without symbolic links.</param>
/// <param name="Depth">Down to how many levels below each path directories are listed; 0 for the paths alone.</param>
public sealed record UsageRequest(IReadOnlyList<string> Paths, int Depth);

/// <param name="Entries">For each path the directories below it first, as du(1) prints them, then the path itself.</param>
public sealed record UsageReply(IReadOnlyList<UsageInfo> Entries);

/// <summary>What lies below a directory; or a file.</summary>
/// <param name="Bytes">Sizes of contents, before deduplication and compression.</param>
/// <param name="Changed">The newest change in it, ISO 8601 in UTC.</param>
/// <param name="Exact">False when changes or the first count of the volume were not taken in within the time given.</param>
public sealed record UsageInfo(string Path, ulong Bytes, ulong Files, ulong Directories, string Changed, bool Exact);
