namespace Bazil.Fuse;

/// <summary>Why a mount did not come about, or does not go away.</summary>
public enum FuseMountFailure
{
    /// <summary>Something not listed here; the message says what.</summary>
    Failed,

    /// <summary>The mountpoint does not exist.</summary>
    Missing,

    /// <summary>The mountpoint is not a directory.</summary>
    NotADirectory,

    /// <summary>The mountpoint has something in it, which the mount would hide.</summary>
    NotEmpty,

    /// <summary>Something is mounted there already.</summary>
    AlreadyMounted,

    /// <summary>Not allowed to mount, or not there.</summary>
    NotPermitted,

    /// <summary>/dev/fuse does not exist.</summary>
    DeviceMissing,

    /// <summary>fusermount3 is not installed.</summary>
    HelperMissing,

    /// <summary>fusermount3 refused; the message is its own.</summary>
    HelperFailed,

    /// <summary>The kernel's protocol is older than what the library speaks.</summary>
    KernelTooOld,

    /// <summary>io_uring was demanded and cannot be had; the message says why.</summary>
    TransportMissing,

    /// <summary>Still in use after the time given to end.</summary>
    Busy,
}
