namespace Bazil.Storage.Arena;

/// <summary>What the catalog says of a segment.</summary>
/// <param name="IsRetired">It has nothing of value any more and is to be removed.</param>
/// <param name="IsClosed">It takes no more records: length and counters are not those of a moment.</param>
/// <param name="IsBeingCompacted">Some of its records may have copies in later segments.</param>
internal readonly record struct CatalogEntry(
    uint Number, bool IsRetired, bool IsClosed, bool IsBeingCompacted, ulong Stamp, long LengthBytes, long ObjectCount, long LiveBytes, long DeadBytes, int DamagedCount);
