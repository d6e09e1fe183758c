namespace Bazil.FileSystem.Live;

/// <summary>A read or change by a program that has waited for content for a while.</summary>
/// <param name="Path">Of the file or directory, from the root of the volume; its inode where it has none any more.</param>
/// <param name="Offset">Where it reads or writes.</param>
/// <param name="IsChange">It writes, truncates, or the like, and needs the rest of a chunk.</param>
/// <param name="Since">How long it has waited.</param>
/// <param name="Problem">What the stores said when they were asked last; null while they have not answered.</param>
public readonly record struct WaitingRead(string Path, ulong Offset, bool IsChange, TimeSpan Since, string? Problem);
