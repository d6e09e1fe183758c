namespace Bazil.FileSystem.Trash;

/// <summary>What became of bringing one entry of the trash back.</summary>
public enum TrashRestoreResult
{
    Done,

    /// <summary>There is no such entry any more.</summary>
    NotInTrash,

    /// <summary>Something else has the name.</summary>
    TargetExists,

    /// <summary>A part of the way there is no directory.</summary>
    NoParent,

    /// <summary>No file can have the target's name.</summary>
    BadName,

    /// <summary>A program has the file open for writing.</summary>
    InUse,
}
