namespace Bazil.Storage.Metadata;

/// <summary>A range of keys of a damaged database in which nothing could be read. Whether anything was there is not known.</summary>
/// <param name="After">The last key before it that was read; empty for the beginning.</param>
/// <param name="ResumedAt">Where reading went on; null for nowhere.</param>
public sealed record MetadataGap(ReadOnlyMemory<byte> After, ReadOnlyMemory<byte>? ResumedAt)
{
    /// <summary>Whether keys with this prefix may have been lost in it.</summary>
    public bool Touches(ReadOnlySpan<byte> prefix)
    {
        ReadOnlySpan<byte> after = After.Span[..Math.Min(After.Length, prefix.Length)];
        if (after.SequenceCompareTo(prefix) > 0) return false;
        return ResumedAt is not { } resumed || resumed.Span[..Math.Min(resumed.Length, prefix.Length)].SequenceCompareTo(prefix) >= 0;
    }
}
