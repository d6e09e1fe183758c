namespace Bazil.Fuse;

/// <summary>The two kinds of file locks, which do not see each other.</summary>
public enum FuseLockKind
{
    /// <summary>fcntl(2): ranges of bytes, owned by a process.</summary>
    Posix,

    /// <summary>flock(2): the whole file, owned by an open file.</summary>
    Flock,
}
