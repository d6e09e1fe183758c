namespace Bazil.Storage.Arena.Index;

/// <summary>Where a record starts.</summary>
/// <param name="Segment">The number of the segment. A number is never used for a second segment.</param>
/// <param name="Block">In units of <see cref="BlockSizeBytes"/> from the start of the segment.</param>
internal readonly record struct SegmentLocation(uint Segment, uint Block)
{
    public const int BlockSizeBytes = 64;

    public long OffsetBytes => (long)Block * BlockSizeBytes;
}
