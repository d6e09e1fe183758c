namespace Bazil.Unix;

/// <summary>What a rename does with an existing target. The numbers are the flags of renameat2(2).</summary>
public enum RenameMode : uint
{
    Replace = 0,
    /// <summary>Fail with <see cref="Errno.EEXIST"/>.</summary>
    NoReplace = 1,
    /// <summary>Swap the two names; both must exist.</summary>
    Exchange = 2,
}
