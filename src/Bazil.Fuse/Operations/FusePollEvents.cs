namespace Bazil.Fuse;

/// <summary>What poll(2) asks for and reports (POLL*).</summary>
[Flags]
public enum FusePollEvents : uint
{
    None = 0,

    /// <summary>There is data to read.</summary>
    Readable = 1 << 0,

    /// <summary>There is something exceptional.</summary>
    Priority = 1 << 1,

    /// <summary>Writing would not wait.</summary>
    Writable = 1 << 2,

    /// <summary>Reported without being asked for.</summary>
    Error = 1 << 3,

    /// <summary>Reported without being asked for.</summary>
    HangUp = 1 << 4,

    NormalReadable = 1 << 6,

    NormalWritable = 1 << 8,
}
