using Bazil.Core;

namespace Bazil.FileSystem.Snapshots;

/// <summary>
/// Counts over everything below a directory, the directory itself not included. Sums stop at the largest number instead of
/// overflowing: sparse files can claim more bytes than fit.
/// </summary>
/// <param name="Files">Names of anything but directories; a file with two names counts twice.</param>
/// <param name="Directories">Directories.</param>
/// <param name="Bytes">Sizes of file contents and symlink targets.</param>
public readonly record struct TreeTotals(ulong Files, ulong Directories, ulong Bytes)
{
    /// <summary>Whether no sum has stopped, so that something can be subtracted.</summary>
    internal bool IsExact => Files < ulong.MaxValue && Directories < ulong.MaxValue && Bytes < ulong.MaxValue;

    public TreeTotals Add(TreeTotals other) => new(
        AddSaturating(Files, other.Files),
        AddSaturating(Directories, other.Directories),
        AddSaturating(Bytes, other.Bytes));

    /// <summary>Of exact totals, without what is part of them.</summary>
    internal TreeTotals Subtract(TreeTotals other)
    {
        Invariant.Check(Files >= other.Files && Directories >= other.Directories && Bytes >= other.Bytes);
        return new TreeTotals(Files - other.Files, Directories - other.Directories, Bytes - other.Bytes);
    }

    private static ulong AddSaturating(ulong left, ulong right) => left > ulong.MaxValue - right ? ulong.MaxValue : left + right;
}
