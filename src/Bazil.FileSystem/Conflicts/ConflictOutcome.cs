namespace Bazil.FileSystem.Conflicts;

/// <summary>What became of settling a conflict.</summary>
public enum ConflictOutcome
{
    Done,

    /// <summary>It has changed since it was looked at, or was settled by somebody else.</summary>
    Changed,

    /// <summary>A program has the file open for writing.</summary>
    InUse,

    /// <summary>A directory has one place, and anything has one set of attributes: both cannot be kept.</summary>
    NotBoth,

    /// <summary>A directory has the name: a file cannot take its place.</summary>
    IsDirectory,

    /// <summary>Something else has the place that was chosen, or its directory is not here.</summary>
    PlaceTaken,
}
