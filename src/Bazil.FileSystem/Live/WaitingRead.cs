namespace Bazil.FileSystem.Live;

/// <summary>A read of a program that has not been answered for a while.</summary>
/// <param name="Path">Of the file, from the root of the volume; its inode where it has none any more.</param>
/// <param name="Offset">Where it reads.</param>
/// <param name="Since">How long it has waited.</param>
/// <param name="Problem">What the stores said when they were asked last; null while they have not answered.</param>
public readonly record struct WaitingRead(string Path, ulong Offset, TimeSpan Since, string? Problem);
