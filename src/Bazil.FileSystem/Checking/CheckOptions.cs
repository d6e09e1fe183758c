using Bazil.Core;

namespace Bazil.FileSystem.Checking;

/// <summary>How much of a volume is checked, and how fast.</summary>
public sealed record CheckOptions
{
    /// <summary>0: only whether everything is there and has a length that can be. 100: all content is decrypted and hashed. Between: that part of it, chosen at random.</summary>
    public double ReadPercent { get; init; }

    /// <summary>Restricts the check to some chunks, by their keys; chunks that name others are always read. Null for all.</summary>
    public Predicate<ChunkKey>? Includes { get; init; }

    /// <summary>Bounds the rate of reading; 0 for none.</summary>
    public long BytesPerSecondMax { get; init; }
}
