namespace Bazil.Fuse;

/// <summary>Flags of renameat2(2).</summary>
[Flags]
public enum RenameFlags : uint
{
    None = 0,

    /// <summary>EEXIST when the new name exists.</summary>
    NoReplace = 1 << 0,

    /// <summary>Both names exist and change places, atomically.</summary>
    Exchange = 1 << 1,

    /// <summary>A whiteout (character device 0:0) stays at the old name.</summary>
    Whiteout = 1 << 2,
}
