namespace Bazil.Server;

/// <summary>The bounds of the daemon, each with its reason.</summary>
internal static class Limits
{
    /// <summary>Names of volumes, sharing keys and storages: what a file name may have, since they show up as such.</summary>
    public const int NameBytesMax = 255;

    /// <summary>A nickname stands in lists and in the names of conflict copies, which must leave room for the file's own name.</summary>
    public const int NicknameBytesMax = 64;

    /// <summary>A message on the control socket carries names, keys and lists of them, never content.</summary>
    public const int ControlMessageBytesMax = 4 * 1024 * 1024;

    /// <summary>Conflicts and entries of the trash in one reply: what a person looks through, and fits a message. How many there are in all is said, too.</summary>
    public const int ListedMax = 5000;

    /// <summary>Programs that merge at the same time; more than a person starts, and the files of those that died are removed for them.</summary>
    public const int ExportsMax = 64;

    /// <summary>sun_path of a Unix socket address has 108 bytes, one of which is the final NUL (unix(7)).</summary>
    public const int SocketPathBytesMax = 107;

    /// <summary>A path that the kernel accepts (PATH_MAX, with its NUL).</summary>
    public const int PathBytesMax = 4095;

    /// <summary>
    /// Parts of a scrub. After a restart one of them is repeated, at most half an hour of work for a terabyte; for each of them pointers and
    /// directories are read again, in all a hundredth or two of the content.
    /// </summary>
    public const int ScrubSliceCount = 64;

    /// <summary>Garbage takes two collections and a word from all members before it goes: once a day gives space back within two.</summary>
    public static readonly TimeSpan CollectionInterval = TimeSpan.FromDays(1);

    /// <summary>When much of the store is garbage and nobody needs it, the second collection follows the first within the hour.</summary>
    public static readonly TimeSpan CollectionIntervalMin = TimeSpan.FromHours(1);

    /// <summary>What counts as much garbage: an eighth of the store's bytes.</summary>
    public const int MuchGarbageDivisor = 8;

    /// <summary>How often it is looked whether a collection is due: a machine that is on for an hour a day gets its collections too.</summary>
    public static readonly TimeSpan CollectionCheckInterval = TimeSpan.FromMinutes(20);

    /// <summary>After which a snapshot that failed is tried again: the shortest interval that a schedule can have.</summary>
    public static readonly TimeSpan SnapshotCheckInterval = TimeSpan.FromMinutes(1);

    /// <summary>How often it is looked whether a snapshot is due, while a volume has a schedule, should a slot not begin before: machines sleep, and clocks are set.</summary>
    public static readonly TimeSpan SnapshotLookInterval = TimeSpan.FromMinutes(10);

    /// <summary>Differences in one reply: it stays far below the largest message. There is a count of all of them.</summary>
    public const int DiffChangesMax = 10_000;

    /// <summary>A collection in the background rests three times as long as it works: a quarter of one processor.</summary>
    public const double CollectionRestPerWork = 3;

    /// <summary>How fast content is sealed anew after a rotation: a day for 2.7 TB, and a fraction of what one core and a disk can do.</summary>
    public const long ResealBytesPerSecond = 32 * 1024 * 1024;

    /// <summary>How often a rotation is looked after when nothing is heard: what it waits for takes people, or other machines, minutes at least.</summary>
    public static readonly TimeSpan RotationInterval = TimeSpan.FromSeconds(60);

    /// <summary>How long <c>bazil du</c> waits for changes to be taken in before it gives numbers with a mark: what a person waits without wondering.</summary>
    public static readonly TimeSpan UsageWait = TimeSpan.FromSeconds(2);

    /// <summary>Levels of directories that one request lists: beyond any path the kernel takes.</summary>
    public const int UsageDepthMax = 4096;

    /// <summary>Directories that one request lists: some ten megabytes of reply.</summary>
    public const int UsageEntriesMax = 100_000;

    /// <summary>How long further changes are waited for before others are told of the first: a program that makes a file, writes and closes it makes one change of that.</summary>
    public static readonly TimeSpan NoteDelay = TimeSpan.FromMilliseconds(5);

    /// <summary>Rest between two syncs for the sake of those who listen, at least: 50 of them a second, for whoever makes changes all the time.</summary>
    public static readonly TimeSpan NoteRestMin = TimeSpan.FromMilliseconds(15);

    /// <summary>The rest is so many times as long as the sync took: a quarter of the disk's time.</summary>
    public const double NoteRestPerSync = 3;

    /// <summary>The rest at most: a disk that needs minutes for a sync does not keep changes from others for an hour.</summary>
    public static readonly TimeSpan NoteRestMax = TimeSpan.FromSeconds(5);

    /// <summary>What this node told of itself is remembered, so that one who is only behind is not taken for one with news. Some ten seconds of steady changes.</summary>
    public const int NotesRemembered = 256;

    /// <summary>How long it must be quiet before two members with the same content tell each other what they know of others, which is needed for deletions to be forgotten.</summary>
    public static readonly TimeSpan GossipDelay = TimeSpan.FromSeconds(5);

    /// <summary>First wait after a peer could not be reached; it doubles each time.</summary>
    public static readonly TimeSpan BackOffMin = TimeSpan.FromSeconds(1);

    /// <summary>The longest wait: five minutes after a machine is back somebody notices, unless it calls itself, as it does.</summary>
    public static readonly TimeSpan BackOffMax = TimeSpan.FromMinutes(5);

    /// <summary>A pull of which nothing came for so long is given up. Members that answer slowly send something every few seconds.</summary>
    public static readonly TimeSpan PullSilence = TimeSpan.FromMinutes(1);

    /// <summary>A connection that lasted this long was a good one: the waits begin anew.</summary>
    public static readonly TimeSpan BackOffReset = TimeSpan.FromSeconds(30);

    /// <summary>Whatever wakes it, a peer is not called more often: others could make us call with all our power.</summary>
    public static readonly TimeSpan WakeInterval = TimeSpan.FromMilliseconds(500);

    /// <summary>Changes that are counted for the status of one peer: beyond it is "more".</summary>
    public const int StatusChangesMax = 10_000;

    /// <summary>Changes that are counted for a peer with each note that it is told, fifty times a second at most; beyond it is "more".</summary>
    public const int NoteChangesMax = 256;

    /// <summary>A peer that tells of more content than that, an exbibyte, does not say the truth: nothing is shown of it.</summary>
    public const long ToldBytesMax = 1L << 60;

    /// <summary>With more changes than that the status does not add up their contents: each is looked up.</summary>
    public const int StatusContentsMax = 1_000;

    /// <summary>How long further changes are waited for before new content is copied to stores on other machines: it goes there in packs, and each pack is a file.</summary>
    public static readonly TimeSpan PushDelay = TimeSpan.FromSeconds(1);

    /// <summary>The wait is so many times as long as the last pass took, for whoever makes changes all the time over a slow line.</summary>
    public const int PushRestPerPass = 3;

    /// <summary>The wait at most.</summary>
    public static readonly TimeSpan PushDelayMax = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How often everything in a volume is looked for in the index of each store on another machine: content that came here later than the change that names it, or that was damaged at
    /// the time, is copied then. Costs a lookup for each chunk, and nothing there.
    /// </summary>
    public static readonly TimeSpan PushWholeInterval = TimeSpan.FromDays(7);

    /// <summary>How often it is looked whether a removable disk is there: soon after a person has plugged it in. Costs the reading of two names.</summary>
    public static readonly TimeSpan DiskLookInterval = TimeSpan.FromSeconds(5);

    /// <summary>Objects that a peer may say to keep for this node: each that nothing refers to becomes a row here.</summary>
    public const long PeerPutsMax = 1 << 24;

    /// <summary>How many of them are noted as unused at a time, in 60 bytes each: the rest when these were released. So a peer that makes up ids fills no disk.</summary>
    public const long PeerFossilsMax = 1 << 20;

    /// <summary>How long a peer may take to list what it keeps for this node: 512 MiB at most, at the pace of a collection in the background.</summary>
    public static readonly TimeSpan PeerListTimeMax = TimeSpan.FromHours(1);

    /// <summary>While something is put at a peer its mark there is not older: a backup that is older than that is known by it. Costs three small requests.</summary>
    public static readonly TimeSpan PeerMarkAgeMax = TimeSpan.FromHours(1);

    /// <summary>Whoever removes a storage that cannot be reached does not wait longer for it.</summary>
    public static readonly TimeSpan LeaveTimeMax = TimeSpan.FromSeconds(10);

    /// <summary>Chunks that are fetched or looked for at a time: 16 of 128 KiB fill a line of 40 MB/s at 50 ms, and leave a reader of something else its places.</summary>
    public const int ChunksUnderWay = 16;

    /// <summary>How long further changes are waited for before pinned content is fetched: a copy of many files is one change.</summary>
    public static readonly TimeSpan PinDelay = TimeSpan.FromSeconds(1);

    /// <summary>Pinned chunks in a row that no storage within reach has, before the look is ended and tried again later: more would only be asked for in vain.</summary>
    public const int PinMissesMax = 64;

    /// <summary>The wait is so many times as long as the last look at all that is pinned took, a tenth of one processor at most for whoever makes changes all the time.</summary>
    public const int PinRestPerPass = 9;

    /// <summary>The wait at most.</summary>
    public static readonly TimeSpan PinDelayMax = TimeSpan.FromMinutes(5);

    /// <summary>While pinned content is missing, stores that are away are asked this often whether they are back: one small question, which may start a program such as ssh.</summary>
    public static readonly TimeSpan PinProbeInterval = TimeSpan.FromSeconds(30);

    /// <summary>Everything pinned is looked at again after so long without a change: the local store may have lost something, to damage say.</summary>
    public static readonly TimeSpan PinLookInterval = TimeSpan.FromHours(6);

    /// <summary>Objects that stores are asked about together before they are evicted: a round trip for some tens of megabytes, and within what one request may hold.</summary>
    public const int EvictionBatch = 512;

    /// <summary>Files whose turn to be evicted is found in one look at the rows: some fifty megabytes.</summary>
    public const int EvictionFilesPerLook = 1 << 17;

    /// <summary>An eviction in the background rests as long as it works: it has to keep up with what comes.</summary>
    public const double EvictionRestPerWork = 1;

    /// <summary>How often it is looked whether the store is over its limit: what comes within it is a few gigabytes at most.</summary>
    public static readonly TimeSpan CacheLookInterval = TimeSpan.FromSeconds(10);

    /// <summary>An eviction goes on until so much of the limit is free.</summary>
    public const int CacheMoreDivisor = 20;

    /// <summary>The first wait after an eviction that did not free enough; it doubles each time: each looks through everything.</summary>
    public static readonly TimeSpan EvictionRetryMin = TimeSpan.FromMinutes(1);

    /// <summary>The longest wait.</summary>
    public static readonly TimeSpan EvictionRetryMax = TimeSpan.FromMinutes(15);

    /// <summary>How often the copies of volumes with a policy are counted: each count looks up every chunk, here and elsewhere.</summary>
    public static readonly TimeSpan PolicyLookInterval = TimeSpan.FromHours(6);

    /// <summary>For how long the listing of a store of packs counts as "there now": as long as a hold may be used.</summary>
    public static readonly TimeSpan CopiesListedMax = TimeSpan.FromMinutes(5);

    /// <summary>How long one look at a volume goes on with one view of its rows: the database keeps all that the view shows.</summary>
    public static readonly TimeSpan PushPassMax = TimeSpan.FromHours(1);

    /// <summary>Places where a peer said that it listens: the newest count.</summary>
    public const int LearntAddressesMax = 4;

    /// <summary>How long <c>whereis</c> waits for a storage elsewhere to say that it is there: whoever asks looks on.</summary>
    public static readonly TimeSpan WhereisWait = TimeSpan.FromSeconds(5);

    /// <summary>How long <c>status --watch</c> waits for news before it is drawn anew: the rate and "last seen" change without.</summary>
    public static readonly TimeSpan StatusWait = TimeSpan.FromSeconds(10);

    /// <summary>How long a shutdown waits for requests in flight before it goes on without them.</summary>
    public static readonly TimeSpan ShutdownGrace = TimeSpan.FromSeconds(5);

    /// <summary>How long a read waits for stores that are away unless the volume says otherwise: longer than a disk takes to wake up and a network to come back, shorter than a person's patience.</summary>
    public static readonly TimeSpan ReadTimeout = TimeSpan.FromSeconds(30);

    /// <summary>The longest that a volume may say.</summary>
    public static readonly TimeSpan ReadTimeoutMax = TimeSpan.FromHours(1);

    /// <summary>While a read waits, stores that are away are asked this often whether they are back: a person does not notice it.</summary>
    public static readonly TimeSpan ProbeInterval = TimeSpan.FromMilliseconds(250);

    /// <summary>How long programs may finish with their open files when a volume is unmounted; systemd's own patience at shutdown is 90 s.</summary>
    public static readonly TimeSpan UnmountGrace = TimeSpan.FromSeconds(2);

    /// <summary>Programs that use a mount and are named in a message: enough to know what to do.</summary>
    public const int UsersNamedMax = 5;
}
