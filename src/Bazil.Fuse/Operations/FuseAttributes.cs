using Bazil.Unix;

namespace Bazil.Fuse;

/// <summary>What stat(2) shows of a node.</summary>
public readonly record struct FuseAttributes
{
    /// <summary>The inode number users see (st_ino); names of one file share it.</summary>
    public ulong Inode { get; init; }

    /// <summary>Size in bytes.</summary>
    public long Size { get; init; }

    /// <summary>Allocated space in units of 512 bytes.</summary>
    public long Blocks { get; init; }

    public UnixTime AccessTime { get; init; }

    public UnixTime ModificationTime { get; init; }

    public UnixTime ChangeTime { get; init; }

    /// <summary>File type (S_IFMT) and permission bits, see <see cref="FuseMode"/>.</summary>
    public uint Mode { get; init; }

    public uint LinkCount { get; init; }

    public uint UserId { get; init; }

    public uint GroupId { get; init; }

    /// <summary>Device number of a device node, in the kernel's encoding (major in bits 8-19, minor in 0-7 and 20-31).</summary>
    public uint Device { get; init; }

    /// <summary>Preferred size of input and output in bytes; 0 leaves it to the kernel.</summary>
    public uint BlockSize { get; init; }
}
