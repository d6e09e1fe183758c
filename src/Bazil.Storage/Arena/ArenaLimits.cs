namespace Bazil.Storage.Arena;

/// <summary>Bounds of the arena store.</summary>
internal static class ArenaLimits
{
    /// <summary>Records start at multiples of this. A header of this size never crosses a sector, so overwriting it is atomic.</summary>
    public const int BlockSizeBytes = 64;

    /// <summary>The smallest unit that a disk writes whole.</summary>
    public const int SectorSizeBytes = 512;

    public const long SegmentSizeBytesMin = 4096;
    public const long SegmentSizeBytesMax = 1L << 30;

    /// <summary>Space is reserved ahead of the writer in steps of this: one call for many small puts, little to give back.</summary>
    public const long ReserveStepBytes = 4L * 1024 * 1024;

    /// <summary>Closed segments whose index is not written yet; the next put writes it itself. Bounds their tables in memory.</summary>
    public const int FrozenCountMax = 4;

    /// <summary>A last segment of more objects gets its index when the store is closed: so many headers are scanned in a few milliseconds.</summary>
    public const int ScanAtOpenCountMax = 1 << 14;

    /// <summary>Deleted records whose space was not given back yet; the next delete does it itself. 16 bytes each.</summary>
    public const int PendingPunchCountMax = 1 << 16;

    /// <summary>Deleted records that are worth a reclaim at once; fewer wait for the next regular turn.</summary>
    public const int WakingPunchCount = 4096;

    /// <summary>How long a put that finds the disk full waits for the room of what was just given back: the file system counts it as soon as it has committed its journal, which was asked for.</summary>
    public static readonly TimeSpan FreeingTime = TimeSpan.FromMilliseconds(300);

    /// <summary>How often it looks.</summary>
    public static readonly TimeSpan FreeingPoll = TimeSpan.FromMilliseconds(10);

    /// <summary>Problems kept for the report; a disk that falls apart has more, and the first ones say it.</summary>
    public const int ProblemCountMax = 1000;

    /// <summary>Copies of one id that a lookup looks at in one index. More come only from false positives, one in 65536 each.</summary>
    public const int CandidateCountMax = 64;

    /// <summary>Writers of different ids do not wait for each other; a power of two, several times the cores of any machine.</summary>
    public const int StripeCount = 256;

    /// <summary>What a scan reads at once: long enough for the disk, small enough to run beside everything else.</summary>
    public const int ScanBufferSizeBytes = 256 * 1024;

    /// <summary>Pieces of a segment that may be unreadable while the rest of it is taken for right: a mebibyte. More than that is a disk that fails.</summary>
    public const int UnreadablePieceCountMax = 256;

    /// <summary>Segments that a store has open at a time: 64 GiB of full ones, and a quarter of the descriptors that a process usually may have.</summary>
    public const int OpenFileCountMax = 256;

    /// <summary>Segments in a catalog: 256 TiB of them.</summary>
    public const int SegmentCountMax = 1 << 20;
}
