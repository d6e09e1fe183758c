namespace Bazil.FileSystem.Snapshots;

/// <summary>What became of a restore.</summary>
public enum RestoreResult
{
    Done,

    /// <summary>The snapshot has nothing under this path.</summary>
    NotInSnapshot,

    /// <summary>There is something in the target's place.</summary>
    TargetExists,

    /// <summary>The directory that the target would be in is not there.</summary>
    NoParent,

    /// <summary>No file can have the target's name.</summary>
    BadName,

    /// <summary>The snapshot was removed meanwhile. What was restored by then is there.</summary>
    SnapshotGone,

    /// <summary>The present state could not be kept first, so nothing was done.</summary>
    NotKept,
}
