namespace Bazil.FileSystem.Conflicts;

/// <summary>What members changed without knowing of each other.</summary>
public enum ConflictKind
{
    /// <summary>One file has several contents.</summary>
    Content,

    /// <summary>Several files, or a file and a directory, have one name.</summary>
    Name,

    /// <summary>One file or directory was moved to several places.</summary>
    Place,

    /// <summary>One file or directory has several permissions, owners or extended attributes.</summary>
    Attributes,
}
