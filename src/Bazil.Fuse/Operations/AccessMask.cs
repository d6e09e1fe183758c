namespace Bazil.Fuse;

/// <summary>What access(2) asks for; none of the bits asks whether the file exists.</summary>
[Flags]
public enum AccessMask : uint
{
    Exists = 0,
    Execute = 1 << 0,
    Write = 1 << 1,
    Read = 1 << 2,
}
