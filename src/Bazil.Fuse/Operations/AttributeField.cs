namespace Bazil.Fuse;

/// <summary>Which fields of <see cref="AttributeChanges"/> are to be set (FATTR_*).</summary>
[Flags]
public enum AttributeField : uint
{
    None = 0,
    Mode = 1 << 0,
    UserId = 1 << 1,
    GroupId = 1 << 2,
    Size = 1 << 3,

    /// <summary>Set together with <see cref="AccessTimeNow"/> when the value is the current time.</summary>
    AccessTime = 1 << 4,

    /// <summary>Set together with <see cref="ModificationTimeNow"/> when the value is the current time.</summary>
    ModificationTime = 1 << 5,

    /// <summary>The change comes from an open file: <see cref="AttributeChanges.Handle"/> is valid.</summary>
    Handle = 1 << 6,

    /// <summary>The access time is to be the file system's own current time.</summary>
    AccessTimeNow = 1 << 7,

    /// <summary>The modification time is to be the file system's own current time.</summary>
    ModificationTimeNow = 1 << 8,

    LockOwner = 1 << 9,

    /// <summary>Sent with <see cref="FuseCapabilities.WritebackCache"/>, where the kernel keeps the times.</summary>
    ChangeTime = 1 << 10,

    /// <summary>setuid and setgid bits are to go (see <see cref="FuseCapabilities.HandleKillPrivV2"/>).</summary>
    KillSuidGid = 1 << 11,
}
