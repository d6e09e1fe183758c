namespace Bazil.Storage.Metadata;

/// <summary>Why the metadata database failed; decides what a person can do about it.</summary>
public enum MetadataFailure
{
    /// <summary>The disk or the file system reported an error.</summary>
    Io = 0,
    /// <summary>The files do not hold what was written.</summary>
    Damaged,
    /// <summary>Another process has the database open.</summary>
    Locked,
    /// <summary>No space is left.</summary>
    DiskFull,
    /// <summary>There is no database in the directory.</summary>
    Missing,
    /// <summary>There is already a database in the directory.</summary>
    Exists,
    /// <summary>Written by a newer version, or with features this library lacks.</summary>
    Unsupported,
    /// <summary>Nothing is written any more because of an earlier failure, which is the inner exception.</summary>
    ReadOnly,
}
