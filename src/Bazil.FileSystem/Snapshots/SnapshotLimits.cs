namespace Bazil.FileSystem.Snapshots;

/// <summary>
/// The bounds of the snapshot formats, each with its reason. Those of splitting are part of the format:
/// docs/snapshots.md.
/// </summary>
internal static class SnapshotLimits
{
    /// <summary>A node of a directory is not split before it has this many bytes of items: a small directory is one chunk.</summary>
    public const int SplitBytesMin = 8 * 1024;

    /// <summary>
    /// Mean distance of split points beyond <see cref="SplitBytesMin"/>. Small nodes make an incremental snapshot cheap, large
    /// ones a listing; at 24 KiB a million entries are three levels.
    /// </summary>
    public const int SplitBytesMean = 16 * 1024;

    /// <summary>A node is split here whatever the names are; chosen names cannot make it larger.</summary>
    public const int SplitBytesMax = 128 * 1024;

    /// <summary>
    /// One entry without its name: the extended attributes are nearly all of it, 128 KiB and the lengths of up to 64 Ki of
    /// them.
    /// </summary>
    public const int EntryBytesMax = 512 * 1024;

    /// <summary>One node: just below the largest size that is not split, then the largest entry.</summary>
    public const int NodeBytesMax = 1024 * 1024;

    /// <summary>Levels above the leaves; a branch has at least 25 items, so 25^12 entries fit.</summary>
    public const byte HeightMax = 12;

    /// <summary>Inline content that is read. More than is written today, so that the limit for writing can be moved.</summary>
    public const int InlineBytesMax = 64 * 1024;

    /// <summary>
    /// A name and a value take at least three bytes and more than 64 Ki of them cannot be listed (XATTR_LIST_MAX of Linux).
    /// </summary>
    public const int XAttrCountMax = 65536;

    /// <summary>The root chunk: little more than the attributes of the root directory.</summary>
    public const int RootBytesMax = EntryBytesMax + 1024;

    /// <summary>Snapshots of one volume that a node takes: the list of them, 300 KB with names of the usual length, goes to every member when it has changed.</summary>
    public const int SnapshotsMax = 4096;

    /// <summary>Of a member; earlier versions took as many.</summary>
    public const int MemberSnapshotsMax = 16384;

    /// <summary>Directories that one snapshot remembers for the next one while it is written: 100 MB of memory. With more of them changed, the next one lists everything again.</summary>
    public const int FrozenDirectoriesMax = 1 << 20;

    /// <summary>Names of one directory that are remembered as changed since the newest snapshot; beyond it nearly all its nodes have changed, or it takes seconds anyway.</summary>
    public const int ChangedNamesMax = 8192;

    /// <summary>With more than one changed name for so many names, a directory is listed whole: a row of the database is read some twenty times as slowly as an entry is carried over.</summary>
    public const int NamesForEachChange = 16;

    /// <summary>Changed names of all directories kept in memory, up to 20 MB; beyond it they are read again from their rows.</summary>
    public const int ChangedNamesCached = 1 << 16;

    /// <summary>Rows of frozen directories in one batch: a few hundred kilobytes, written while nobody can change the volume.</summary>
    public const int FrozenDirectoriesBatch = 4096;

    /// <summary>Names in which two snapshots may differ that are compared: each takes up to a kilobyte of memory until the comparison is sorted.</summary>
    public const int DifferencesMax = 500_000;

    /// <summary>Chunks of decoded directories kept by a reader, by their encoded size: some two hundred.</summary>
    public const int CacheBytes = 4 * 1024 * 1024;
}
