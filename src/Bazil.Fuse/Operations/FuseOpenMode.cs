namespace Bazil.Fuse;

/// <summary>The flags of open(2) as the kernel hands them over. Only those that are the same on every 64-bit Linux are named.</summary>
public readonly record struct FuseOpenMode(uint Value)
{
    private const uint AccessMode = 3;
    private const uint WriteOnlyFlag = 1;
    private const uint ReadWriteFlag = 2;
    private const uint CreateFlag = 0x40;
    private const uint ExclusiveFlag = 0x80;
    private const uint TruncateFlag = 0x200;
    private const uint AppendFlag = 0x400;
    private const uint NonBlockingFlag = 0x800;
    private const uint DataSyncFlag = 0x1000;
    private const uint ExecFlag = 0x20;
    private const uint NoAccessTimeFlag = 0x40000;

    /// <summary>This open truncates, and setuid and setgid bits are to go (see <see cref="FuseCapabilities.HandleKillPrivV2"/>).</summary>
    public bool KillSuidGid { get; init; }

    /// <summary>O_RDONLY or O_RDWR.</summary>
    public bool CanRead => (Value & AccessMode) != WriteOnlyFlag;

    /// <summary>O_WRONLY or O_RDWR.</summary>
    public bool CanWrite => (Value & AccessMode) is WriteOnlyFlag or ReadWriteFlag;

    public bool Create => (Value & CreateFlag) != 0;

    public bool Exclusive => (Value & ExclusiveFlag) != 0;

    /// <summary>O_TRUNC; seen by <see cref="FuseFileSystem.Open"/> only with <see cref="FuseCapabilities.AtomicTruncate"/>.</summary>
    public bool Truncate => (Value & TruncateFlag) != 0;

    public bool Append => (Value & AppendFlag) != 0;

    public bool NonBlocking => (Value & NonBlockingFlag) != 0;

    /// <summary>O_SYNC or O_DSYNC: every write is durable when it returns.</summary>
    public bool SynchronousWrites => (Value & DataSyncFlag) != 0;

    /// <summary>O_NOATIME: reads do not move the access time.</summary>
    public bool NoAccessTime => (Value & NoAccessTimeFlag) != 0;

    /// <summary>The kernel opens the file to execute it.</summary>
    public bool Execute => (Value & ExecFlag) != 0;
}
