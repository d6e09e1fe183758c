using Bazil.Unix;

namespace Bazil.FileSystem.Accounting;

/// <summary>What lies below a directory, the directory itself not included. A file with several names counts once, where its first one is.</summary>
/// <param name="Bytes">Sizes of file contents and symlink targets, as published by the last close or fsync.</param>
/// <param name="Files">Anything but directories.</param>
/// <param name="Directories">Directories.</param>
/// <param name="ChangeTime">The newest change time of the directory and everything in it.</param>
/// <param name="IsExact">False while changes further below wait to be taken in, for a few seconds, or while the volume is being counted.</param>
public readonly record struct SubtreeUse(ulong Bytes, ulong Files, ulong Directories, UnixTime ChangeTime, bool IsExact);
