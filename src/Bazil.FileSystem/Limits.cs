namespace Bazil.FileSystem;

/// <summary>The bounds of a volume, each with its reason.</summary>
public static class Limits
{
    /// <summary>NAME_MAX of Linux.</summary>
    public const int NameBytesMax = 255;

    /// <summary>PATH_MAX less the terminator: the longest symlink target the kernel passes.</summary>
    public const int SymlinkBytesMax = 4095;

    /// <summary>Files up to this size live in their metadata record: a small file is one row and no object.</summary>
    public const int InlineBytesMax = 4096;

    /// <summary>XATTR_NAME_MAX of Linux.</summary>
    public const int XAttrNameBytesMax = 255;

    /// <summary>XATTR_SIZE_MAX of Linux.</summary>
    public const int XAttrValueBytesMax = 65536;

    /// <summary>All extended attributes of one node together: a record must stay a small row.</summary>
    public const int XAttrTotalBytesMax = 131072;

    /// <summary>Hard links of one file, as on ext4.</summary>
    public const int LinksMax = 65000;

    /// <summary>Versions of one facet: far more concurrent writers than a person has machines; bounds a hostile item.</summary>
    public const int FacetPairsMax = 4096;

    /// <summary>One node on the wire or in a row; a hard link more costs about 100 bytes.</summary>
    public const int NodeBytesMax = 16 << 20;

    /// <summary>Versions claimed further ahead than this are refused, so that nobody can exhaust the clock.</summary>
    public const ulong TickAheadMax = 1UL << 40;

    /// <summary>Pointer chunks looked at to count what of a sparse file is no hole, at each save: 4 GiB of data in chunks of the default size, a few milliseconds.</summary>
    public const int MeasuredPointersMax = 256;

    /// <summary>
    /// Decoded records that each volume keeps in memory: some 9,000 nodes that are being worked with. A miss costs microseconds, and what passes through grows old
    /// before it goes, so the runtime's heap is several times this.
    /// </summary>
    public const long RecordCacheBytes = 12 << 20;

    /// <summary>Bytes of nodes collected into one frame of a pull, which is merged in one transaction.</summary>
    public const int FrameBytesTarget = 64 * 1024;

    /// <summary>Pointer chunks and directories that a walk of everything remembers in memory, so as not to walk them again: 20 MiB, 8 TiB of files. More of them go to a file.</summary>
    public const int SubtreesRememberedMax = 1 << 19;

    /// <summary>How often a walk lets what leads to a damaged chunk be walked again, to name all paths: a file that is shared in so many ways is named in enough of them, and a crafted tree has no end of them.</summary>
    public const int WalksAgainMax = 10_000;

    /// <summary>Unreadable chunks that a collection of garbage names for one volume: each may take a while to look for elsewhere, and one of them is enough to stop it.</summary>
    public const int UnreadableNamedMax = 64;

    /// <summary>Rows of content that pulls brought, kept between two collections of garbage: about 40 MiB. With more of them what the first of both found waits one more.</summary>
    public const int AdoptedRowsMax = 1 << 18;

    /// <summary>Deletions by others that are looked at, shown or undone in one step: others wait for the volume meanwhile.</summary>
    public const int HeldBatch = 256;

    /// <summary>Entries of the trash of a volume: some hundred MiB of rows. Beyond them the oldest go first.</summary>
    public const int TrashEntriesMax = 1 << 20;

    /// <summary>A copy of bytes inside of a volume answers how far it came after so long; whoever copies asks for the rest.</summary>
    public static readonly TimeSpan CopyTurn = TimeSpan.FromSeconds(1);

    /// <summary>Content that is copied out of a volume or into it is so in steps of this size: one round trip for each, and no burden for the memory.</summary>
    public const int CopyBufferBytes = 1 << 20;

    /// <summary>Undo rows that call for a sync of the content at once: they are read whole when the volume is opened after a crash.</summary>
    public const int UndoRowsTarget = 4096;

    /// <summary>The same in bytes: a change of a file with many hard links has a large row.</summary>
    public const long UndoBytesTarget = 8L << 20;

    /// <summary>Beyond so many times the target a change waits for that sync: whoever makes changes faster than the disk takes content is slowed down to it.</summary>
    public const int UndoWaitFactor = 4;

    /// <summary>Chunks put but not synced that call for a sync: 256 MiB in chunks of the default size are read again after a crash, a second of work.</summary>
    public const int UnsyncedChunksTarget = 2048;

    /// <summary>Bytes of one patch: a batch of small writes, and much less than it would take to seal the chunks that they are in.</summary>
    public const int PatchBytesMax = 256 << 10;

    /// <summary>Ranges of one patch: as many pages. Looked for one by one at each write.</summary>
    public const int PatchRangesMax = 64;

    /// <summary>What a patch counts beyond its bytes.</summary>
    public const int PatchRowBytes = 128;

    /// <summary>Bytes of the patches of one file: published at once with what they change, they are a second or two of work. What is waited for then is less for each byte, the more there are.</summary>
    public const long PatchedFileBytesMax = 16L << 20;

    /// <summary>The same of all files of a volume: read whole when it is opened after a crash, and held by the database until then.</summary>
    public const long PatchedBytesMax = 32L << 20;

    /// <summary>Files that have patches: each stays open.</summary>
    public const int PatchedFilesMax = 256;

    /// <summary>How long a file may go on with patches; peers are not shown what was synced before it is published.</summary>
    public static readonly TimeSpan PatchAgeMax = TimeSpan.FromSeconds(5);

    /// <summary>A file with patches is published when none was added for so long.</summary>
    public static readonly TimeSpan PatchQuietMin = TimeSpan.FromMilliseconds(500);

    /// <summary>Reads that wait for a store to come back: half of what the kernel has under way by itself, so that the read-ahead of files whose content is here goes on beside them.</summary>
    public const int WaitingReadsMax = Fuse.FuseLimits.BackgroundRequests / 2;

    /// <summary>Reads that wait for content and are listed: more say nothing more.</summary>
    public const int WaitingReadsListed = 100;

    /// <summary>Files whose content is sealed anew between two syncs after a rotation of the sharing key: bounds what is done twice after a crash, and the records in memory.</summary>
    public const int ResealBatch = 256;

    /// <summary>A pattern of a pin is part of a key, with room for what stands before it.</summary>
    public const int PinPatternBytesMax = 255;

    /// <summary>Names in a pattern of a pin: places in it are bits of a word, and nobody writes more.</summary>
    public const int PinPatternPartsMax = 62;

    /// <summary>Files whose use was noted and not saved: some half a megabyte.</summary>
    public const int UsesNotedMax = 16_384;
}
