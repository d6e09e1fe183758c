namespace Bazil.Fuse;

/// <summary>What a lock allows others (F_RDLCK, F_WRLCK, F_UNLCK of the architectures .NET runs on).</summary>
public enum FuseLockType
{
    /// <summary>Others may hold one too.</summary>
    Shared = 0,

    /// <summary>Nobody else may hold one.</summary>
    Exclusive = 1,

    /// <summary>None is held.</summary>
    None = 2,
}
