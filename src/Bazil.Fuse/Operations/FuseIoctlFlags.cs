namespace Bazil.Fuse;

/// <summary>Circumstances of an ioctl (FUSE_IOCTL_*).</summary>
[Flags]
public enum FuseIoctlFlags : uint
{
    None = 0,

    /// <summary>A 32-bit program on a 64-bit machine.</summary>
    Compatible = 1 << 0,

    /// <summary>Not bound to the sizes in the command; only for mounts that allow it, which this library does not ask for.</summary>
    Unrestricted = 1 << 1,

    /// <summary>The caller's pointers and longs have 32 bits.</summary>
    Is32Bit = 1 << 3,

    /// <summary>The file is a directory.</summary>
    Directory = 1 << 4,
}
