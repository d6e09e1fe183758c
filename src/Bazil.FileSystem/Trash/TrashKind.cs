namespace Bazil.FileSystem.Trash;

/// <summary>How something came into the trash. Numbers are stored.</summary>
public enum TrashKind : byte
{
    /// <summary>A peer removed the last name of it.</summary>
    Deleted = 1,

    /// <summary>A peer wrote other content over it, or settled a conflict against it.</summary>
    Overwritten = 2,

    /// <summary>A peer put another file in its place, as editors do when they save.</summary>
    Replaced = 3,
}
