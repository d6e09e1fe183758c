namespace Bazil.Fuse;

/// <summary>
/// Abilities that kernel and file system agree on when a mount starts (the flags of FUSE_INIT). An option asks for them;
/// those the kernel does not offer are left out, see <see cref="FuseConnection.Capabilities"/>.
/// </summary>
[Flags]
public enum FuseCapabilities : ulong
{
    None = 0,

    /// <summary>FUSE_ASYNC_READ: read-ahead sends several reads of one file at a time.</summary>
    AsyncRead = 1UL << 0,

    /// <summary>FUSE_POSIX_LOCKS: locks of fcntl(2) come to the file system, which must implement <see cref="FuseFileSystem.Flush"/>.</summary>
    PosixLocks = 1UL << 1,

    /// <summary>FUSE_ATOMIC_O_TRUNC: O_TRUNC comes with <see cref="FuseFileSystem.Open"/> instead of as a change of size before it.</summary>
    AtomicTruncate = 1UL << 3,

    /// <summary>FUSE_EXPORT_SUPPORT: lookups of <c>.</c> and <c>..</c> by node id, for export over NFS.</summary>
    ExportSupport = 1UL << 4,

    /// <summary>FUSE_BIG_WRITES: writes of more than one page.</summary>
    BigWrites = 1UL << 5,

    /// <summary>FUSE_DONT_MASK: the umask is not applied by the kernel; the handler applies the one it is given.</summary>
    DontMask = 1UL << 6,

    /// <summary>FUSE_FLOCK_LOCKS: locks of flock(2) come to the file system.</summary>
    FlockLocks = 1UL << 10,

    /// <summary>FUSE_HAS_IOCTL_DIR: ioctl(2) on directories comes too.</summary>
    DirectoryIoctl = 1UL << 11,

    /// <summary>FUSE_AUTO_INVAL_DATA: cached pages are dropped when a changed size or modification time is seen.</summary>
    AutoInvalidateData = 1UL << 12,

    /// <summary>FUSE_DO_READDIRPLUS: reading a directory looks its entries up as well.</summary>
    ReadDirectoryPlus = 1UL << 13,

    /// <summary>FUSE_READDIRPLUS_AUTO: only where the caller seems to want the attributes.</summary>
    ReadDirectoryPlusAuto = 1UL << 14,

    /// <summary>FUSE_ASYNC_DIO: direct I/O in parallel requests.</summary>
    AsyncDirectIo = 1UL << 15,

    /// <summary>FUSE_WRITEBACK_CACHE: writes are collected in the page cache; the kernel keeps size and times meanwhile.</summary>
    WritebackCache = 1UL << 16,

    /// <summary>FUSE_NO_OPEN_SUPPORT: ENOSYS from <see cref="FuseFileSystem.Open"/> means that opens are never sent again.</summary>
    NoOpen = 1UL << 17,

    /// <summary>FUSE_PARALLEL_DIROPS: lookups and reads of one directory run in parallel.</summary>
    ParallelDirectoryOperations = 1UL << 18,

    /// <summary>FUSE_POSIX_ACL: POSIX access control lists, checked by the kernel; implies default_permissions.</summary>
    PosixAcl = 1UL << 20,

    /// <summary>FUSE_ABORT_ERROR: an aborted connection is told apart from an unmounted one.</summary>
    AbortError = 1UL << 21,

    /// <summary>FUSE_MAX_PAGES: requests of more than 32 pages.</summary>
    MaxPages = 1UL << 22,

    /// <summary>FUSE_CACHE_SYMLINKS: targets of symbolic links stay in the page cache.</summary>
    CacheSymlinks = 1UL << 23,

    /// <summary>FUSE_NO_OPENDIR_SUPPORT: ENOSYS from <see cref="FuseFileSystem.OpenDirectory"/> means that it is never sent again.</summary>
    NoOpenDirectory = 1UL << 24,

    /// <summary>FUSE_EXPLICIT_INVAL_DATA: cached pages are dropped only on <see cref="IFuseNotifier.InvalidateInode"/>.</summary>
    ExplicitInvalidateData = 1UL << 25,

    /// <summary>FUSE_HANDLE_KILLPRIV_V2: the file system clears setuid and setgid bits where the request says so.</summary>
    HandleKillPrivV2 = 1UL << 28,

    /// <summary>FUSE_SETXATTR_EXT: setxattr carries more flags.</summary>
    SetXattrExtended = 1UL << 29,

    /// <summary>FUSE_HAS_EXPIRE_ONLY: entries can be made to expire without being dropped.</summary>
    ExpireOnly = 1UL << 35,

    /// <summary>FUSE_DIRECT_IO_ALLOW_MMAP: shared memory maps of files opened with <see cref="FuseOpenFlags.DirectIo"/>.</summary>
    DirectIoAllowMap = 1UL << 36,

    /// <summary>FUSE_PASSTHROUGH: the kernel reads and writes a file of another file system, see <see cref="FuseConnection.TryOpenBacking"/>. Needs CAP_SYS_ADMIN.</summary>
    Passthrough = 1UL << 37,

    /// <summary>FUSE_NO_EXPORT_SUPPORT: node ids do not outlive their lookups; file handles are refused rather than stale.</summary>
    NoExportSupport = 1UL << 38,

    /// <summary>FUSE_HAS_RESEND: requests that were read and not answered can be sent again, see <see cref="IFuseNotifier.Resend"/>.</summary>
    Resend = 1UL << 39,

    /// <summary>What every file system can have without knowing it.</summary>
    Default = AsyncRead | BigWrites | ReadDirectoryPlus | ReadDirectoryPlusAuto | AsyncDirectIo | ParallelDirectoryOperations
        | AbortError | MaxPages | AutoInvalidateData,
}
