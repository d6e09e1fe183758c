namespace Bazil.Fuse;

/// <summary>Circumstances of a write (FUSE_WRITE_*).</summary>
[Flags]
public enum FuseWriteFlags : uint
{
    None = 0,

    /// <summary>Delayed write from the page cache: caller ids and handle are those of some writer, not necessarily of this data.</summary>
    FromCache = 1 << 0,

    LockOwner = 1 << 1,

    /// <summary>setuid and setgid bits are to go (see <see cref="FuseCapabilities.HandleKillPrivV2"/>).</summary>
    KillSuidGid = 1 << 2,
}
