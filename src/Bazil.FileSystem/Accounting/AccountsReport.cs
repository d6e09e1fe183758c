using Bazil.Core;

namespace Bazil.FileSystem.Accounting;

/// <summary>What a comparison of the totals of all directories with what is really there found.</summary>
/// <param name="DirectoryCount">Directories compared.</param>
/// <param name="DriftedCount">Those whose own part was wrong; what lies above them was wrong with them.</param>
/// <param name="First">One of these, as an inode number; none when there is none.</param>
/// <param name="IsCounting">True when the volume is still being counted and nothing could be compared.</param>
public sealed record AccountsReport(long DirectoryCount, long DriftedCount, InodeId First, bool IsCounting);
