namespace Bazil.Fuse;

/// <summary>The type of a directory entry (DT_*): bits 12 to 15 of the mode.</summary>
public enum FuseFileType
{
    Unknown = 0,
    Fifo = 1,
    CharacterDevice = 2,
    Directory = 4,
    BlockDevice = 6,
    Regular = 8,
    SymbolicLink = 10,
    Socket = 12,
}
