namespace Bazil.FileSystem.Snapshots.Diff;

/// <summary>One difference between two snapshots.</summary>
/// <param name="Kind">What happened.</param>
/// <param name="Path">Where it is; of something removed, where it was.</param>
/// <param name="OldPath">Of something renamed, where it was.</param>
/// <param name="Before">As it was; null for something added.</param>
/// <param name="After">As it is; null for something removed.</param>
public sealed record SnapshotChange(SnapshotChangeKind Kind, SnapshotPath Path, SnapshotPath? OldPath, SnapshotEntry? Before, SnapshotEntry? After)
{
    /// <summary>Of something renamed: whether it has other content, too.</summary>
    public bool IsContentChanged => Before is not null && After is not null && !SnapshotDiff.HasSameContent(Before, After);
}
