namespace Bazil.Fuse;

/// <summary>How the kernel treats an open file or directory (FOPEN_*).</summary>
[Flags]
public enum FuseOpenFlags : uint
{
    None = 0,

    /// <summary>Reads and writes go around the page cache.</summary>
    DirectIo = 1 << 0,

    /// <summary>What the page cache holds of the file stays valid; without this flag, opening drops it.</summary>
    KeepCache = 1 << 1,

    /// <summary>lseek is refused.</summary>
    NonSeekable = 1 << 2,

    /// <summary>The kernel may cache the content of the directory (and keeps it over opens with <see cref="KeepCache"/>).</summary>
    CacheDirectory = 1 << 3,

    /// <summary>A stream without position.</summary>
    Stream = 1 << 4,

    /// <summary>close(2) sends no FLUSH.</summary>
    NoFlush = 1 << 5,

    /// <summary>With <see cref="DirectIo"/>: writes to one file may run in parallel.</summary>
    ParallelDirectWrites = 1 << 6,
}
