namespace Bazil.FileSystem.Snapshots;

/// <summary>Who wanted a snapshot. Part of its row: numbers are never reused.</summary>
public enum SnapshotOrigin : byte
{
    /// <summary>Somebody, by name: it stays until somebody removes it.</summary>
    Person = 0,

    /// <summary>The schedule of the volume, whose retention removes it.</summary>
    Schedule = 1,

    /// <summary>A restore in place, which kept what it was about to replace. It stays until somebody removes it.</summary>
    Restore = 2,
}
