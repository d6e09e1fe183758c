namespace Bazil.Storage.Metadata;

/// <summary>What was got out of a damaged database.</summary>
/// <param name="RowCount">Rows that were read.</param>
/// <param name="Gaps">Where none could be read.</param>
/// <param name="LostFiles">Files of which nothing could be read.</param>
/// <param name="WasRebuilt">The list of files could not be used: rows that had been removed or replaced may be among those read.</param>
public sealed record MetadataSalvage(long RowCount, IReadOnlyList<MetadataGap> Gaps, IReadOnlyList<string> LostFiles, bool WasRebuilt)
{
    /// <summary>True when all rows are there as they were, as far as can be told.</summary>
    public bool IsComplete => Gaps.Count == 0 && LostFiles.Count == 0;

    /// <summary>Whether rows with keys of this prefix may be missing.</summary>
    public bool MayLack(ReadOnlySpan<byte> prefix)
    {
        if (LostFiles.Count > 0) return true;
        foreach (MetadataGap gap in Gaps)
        {
            if (gap.Touches(prefix)) return true;
        }

        return false;
    }
}
