namespace Bazil.Storage.Arena.Index;

/// <summary>The bounds of the segment index.</summary>
internal static class IndexLimits
{
    /// <summary>Aimed at: then what a lookup reads of a part (its locations) is less than a page.</summary>
    public const int KeysPerPart = 448;

    /// <summary>Ten times what chance can pile up in one part. More means that the seed is bad (or known to an attacker): another is taken.</summary>
    public const int KeysPerPartMax = 4096;

    /// <summary>The filters of a file must fit one array, and their offsets four bytes.</summary>
    public const long KeysPerFileMax = 500_000_000;

    /// <summary>An entry names its segment by two bytes.</summary>
    public const int SegmentsPerFileMax = ushort.MaxValue;

    /// <summary>Further copies of one object that a file remembers besides the newest. An object put again and again has dead copies, which nobody misses.</summary>
    public const int CopiesPerKeyMax = 255;

    /// <summary>Seeds that are tried for a part, one byte of it; about one part in a hundred needs the second.</summary>
    public const int SeedsPerPart = 256;

    /// <summary>Seeds that are tried for a file. A second one is needed about once in 2^17 files of ten million keys.</summary>
    public const int SeedsPerFile = 8;

    /// <summary>Entries sorted in memory while a file is built (48 bytes each, 25 MB); the rest is spilled to disk.</summary>
    public const int EntriesInMemoryMax = 1 << 19;

    /// <summary>Files of one tier that are merged into one of the next.</summary>
    public const int FanOut = 8;

    /// <summary>Tier 0 holds files of up to 2^15 keys: probing one costs next to nothing, all its filter stays in the processor's cache.</summary>
    public const int FirstTierKeysLog2 = 15;
}
