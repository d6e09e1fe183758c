namespace Bazil.FileSystem.Accounting;

/// <summary>The bounds of accounting, each with its reason.</summary>
public static class AccountingLimits
{
    /// <summary>How often waiting changes are taken in. Half of what is promised (docs/accounting.md), so that a pass may take as long again.</summary>
    public static readonly TimeSpan FoldInterval = TimeSpan.FromMilliseconds(2500);

    /// <summary>Directories folded while others wait for the volume: a millisecond or so.</summary>
    public const int FoldStep = 64;

    /// <summary>Directories put in order while others wait for the volume: a few milliseconds.</summary>
    public const int OrderStep = 512;

    /// <summary>Nodes counted while others wait for the volume, when a volume of an older version is counted: a few milliseconds.</summary>
    public const int CountStep = 256;

    /// <summary>Changed directories looked at to find whether one lies below a given one; with more it is taken for granted.</summary>
    public const int WaitingSearchedMax = 1000;

    /// <summary>Names of a directory that are read at once for a list of its subdirectories: some milliseconds in which no change is made.</summary>
    public const int ListedBatch = 1024;
}
