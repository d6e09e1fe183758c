namespace Bazil.Storage.Arena;

/// <summary>A segment that no index file covers yet, with the table that stands in for it.</summary>
internal sealed record TailTable(Segment Segment, SegmentTable Table);
