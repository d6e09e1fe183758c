using Bazil.FileSystem.Nodes;

namespace Bazil.FileSystem.Snapshots;

/// <summary>What a restore did.</summary>
/// <param name="Result">Whether it is complete, or why not.</param>
/// <param name="Restored">Files, directories and other names that were made or changed.</param>
/// <param name="Removed">Names that the snapshot does not have, removed by a restore in place.</param>
/// <param name="Kept">The snapshot in which a restore in place kept what there was; null when one had it already, or nothing was replaced.</param>
/// <param name="InUse">Files that a restore in place left alone: they are open for writing, or were changed meanwhile.</param>
public sealed record RestoreOutcome(RestoreResult Result, long Restored = 0, long Removed = 0, FileName? Kept = null, IReadOnlyList<string>? InUse = null);
