namespace Bazil.Fuse;

/// <summary>What statfs(2) shows. Block counts are in units of <see cref="FragmentSize"/>.</summary>
public readonly record struct FuseStatFs
{
    public FuseStatFs()
    {
    }

    public ulong Blocks { get; init; }

    public ulong BlocksFree { get; init; }

    /// <summary>Free blocks for those who are not root.</summary>
    public ulong BlocksAvailable { get; init; }

    public ulong Files { get; init; }

    public ulong FilesFree { get; init; }

    /// <summary>Preferred size of input and output in bytes.</summary>
    public uint BlockSize { get; init; } = 4096;

    /// <summary>Longest name in bytes.</summary>
    public uint NameLength { get; init; } = FuseLimits.NameBytes;

    public uint FragmentSize { get; init; } = 4096;
}
