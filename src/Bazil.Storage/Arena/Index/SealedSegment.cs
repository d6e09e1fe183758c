namespace Bazil.Storage.Arena.Index;

/// <summary>A segment that takes no more records, as an index knows it.</summary>
/// <param name="Number">Numbers grow with time: of two records of one object, the one in the larger number is newer.</param>
/// <param name="Stamp">
/// Tells this segment from any other that ever had the number, for example the random number in its header. An index that was
/// made for another stamp does not count: trusting it would make the objects of the segment "not found".
/// </param>
internal readonly record struct SealedSegment(uint Number, ulong Stamp);
