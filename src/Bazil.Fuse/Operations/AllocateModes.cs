namespace Bazil.Fuse;

/// <summary>Modes of fallocate(2).</summary>
[Flags]
public enum AllocateModes : uint
{
    None = 0,
    KeepSize = 1 << 0,
    PunchHole = 1 << 1,
    CollapseRange = 1 << 3,
    ZeroRange = 1 << 4,
    InsertRange = 1 << 5,
    UnshareRange = 1 << 6,
}
