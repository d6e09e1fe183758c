namespace Bazil.Fuse;

/// <summary>The two kinds of lseek(2) that reach the file system.</summary>
public enum SeekWhence
{
    /// <summary>SEEK_DATA: the next offset that holds data; ENXIO beyond the last.</summary>
    Data = 3,

    /// <summary>SEEK_HOLE: the next offset in a hole; the end of the file counts as one.</summary>
    Hole = 4,
}
