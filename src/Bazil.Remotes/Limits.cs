namespace Bazil.Remotes;

/// <summary>The bounds of what is exchanged with stores in other places.</summary>
public static class Limits
{
    /// <summary>A packet from an SFTP server: OpenSSH sends at most 256 KiB; anything longer is not the protocol.</summary>
    public const int SftpPacketBytes = 1 << 18;

    /// <summary>What every SFTP server takes in one read or write (draft-ietf-secsh-filexfer-02, section 3).</summary>
    public const int SftpDataBytes = 32 << 10;

    /// <summary>Requests in flight on one connection: 64 of 32 KiB fill a line of 40 MB/s at 50 ms.</summary>
    public const int SftpRequestsInFlight = 64;

    /// <summary>What is under way on one connection at most: of what OpenSSH takes of a server's answers without having passed them on.</summary>
    public const int SftpWindowBytes = SftpRequestsInFlight * SftpDataBytes;

    /// <summary>Connections to one server while much is read: four fill a line of 160 MB/s at 50 ms. Servers allow ten to one address that log in at the same time (MaxStartups).</summary>
    public const int SftpSessions = 4;

    /// <summary>Connections beyond the first are closed when they were not needed for so long, since making one takes ten round trips; and one more is not tried for so long when the server has refused it.</summary>
    public static readonly TimeSpan SftpSessionIdleMax = TimeSpan.FromMinutes(5);

    /// <summary>Packs that are kept open for reading on a connection: who jumps about in a gigabyte opens each once. Four connections have a quarter of the files that a process may have open.</summary>
    public const int SftpOpenFiles = 64;

    /// <summary>What is read from the ssh program at once: as much as a pipe holds.</summary>
    public const int SshPipeBytes = 64 << 10;

    /// <summary>What the ssh program says on its standard error is kept for messages up to this length.</summary>
    public const int SshMessageBytes = 4 << 10;

    /// <summary>An error text of a server is shown up to this length.</summary>
    public const int ServerWordsMax = 200;

    /// <summary>A session whose server owes an answer and has sent nothing for so long is given up: longer than a disk takes to wake up or to sync a pack.</summary>
    public static readonly TimeSpan SftpSilenceMax = TimeSpan.FromSeconds(60);

    /// <summary>What lies in one directory, and what one listing names in all: a million packs are 16 TiB.</summary>
    public const int ListEntries = 1 << 20;

    /// <summary>A file that was being written and has not changed for so long belongs to nobody any more.</summary>
    public static readonly TimeSpan TemporaryAge = TimeSpan.FromDays(1);

    /// <summary>Directories below each other in a listing: packs lie two deep.</summary>
    public const int ListDepth = 8;

    /// <summary>Directories that are listed at once: packs lie in 256 of them, which are 16 round trips one after the other and not 256.</summary>
    public const int ListsInFlight = 16;

    /// <summary>The longest name of a file in a remote folder.</summary>
    public const int NameBytes = 1024;

    /// <summary>A disk with less free than this that refuses a write counts as full.</summary>
    public const long SftpFullBytes = 1 << 20;

    /// <summary>A disk that has not answered for so long hangs: an old stick takes a minute to write and sync a pack.</summary>
    public static readonly TimeSpan DiskAnswerMax = TimeSpan.FromMinutes(5);

    /// <summary>A call that was given up and has not returned for so long hangs in the kernel.</summary>
    public static readonly TimeSpan DiskHangMin = TimeSpan.FromSeconds(10);

    /// <summary>Calls to one disk at a time: as many as make it fast. Each has a thread, which is left behind when the disk hangs, with its stack and the buffer it was to fill.</summary>
    public const int DiskCallsUnderWay = 16;

    /// <summary>A pack is closed before it grows beyond this: 10,000 objects of 4 KiB are three requests, and one upload is a second on a slow line.</summary>
    public const int PackSizeBytes = 16 << 20;

    /// <summary>Objects in a pack; their directory is then 3.3 MiB at most.</summary>
    public const int PackObjects = 1 << 16;

    /// <summary>Packs that are being written at once: what is in memory is this often <see cref="PackSizeBytes"/>, and one more.</summary>
    public const int PackUploads = 4;

    /// <summary>What is fetched of the end of an unknown pack first: the directory of a thousand objects.</summary>
    public const int PackTailBytes = 1 << 16;

    /// <summary>An object of at most this length is read with what lies behind it: a pointer chunk of 128 keys, a very small file.</summary>
    public const int PackSmallBytes = 8 << 10;

    /// <summary>And so much is read then: all pointers of a file of 64 MiB and its first chunk.</summary>
    public const int PackPieceBytes = 192 << 10;

    /// <summary>Such pieces of packs that are kept for each store: 3 MiB.</summary>
    public const int PackPieces = 16;

    /// <summary>And for how long: whoever walks down a tree of pointers wants the next one at once.</summary>
    public static readonly TimeSpan PackPieceAgeMax = TimeSpan.FromSeconds(10);

    /// <summary>Unknown packs that are looked into at once.</summary>
    public const int PackLookups = 16;

    /// <summary>Packs of other nodes in one folder that are looked into: each may put <see cref="PackObjects"/> rows into this node's database.</summary>
    public const int OthersPacks = 1 << 18;

    /// <summary>And what they take: as many full packs.</summary>
    public const long OthersPackBytes = (long)OthersPacks * PackSizeBytes;

    /// <summary>Packs that cannot be read and are named: more of them say nothing more.</summary>
    public const int DamagedPacksNamed = 100;

    /// <summary>Nodes that use one folder. What was agreed with more of them is not known, so nothing is removed then.</summary>
    public const int LeasesMax = 1024;

    /// <summary>Between the two listings of leases that both have to show that nobody is waited for: a file that is being replaced is back, and a directory that changes is read anew.</summary>
    public static readonly TimeSpan LeaseListingsApart = TimeSpan.FromSeconds(5);

    /// <summary>What the leases say is believed for so long while packs are removed, by the wall clock, which runs while a machine sleeps, and by the one that nobody sets: less than somebody takes to find out that a machine is gone, and to release it.</summary>
    public static readonly TimeSpan LeaseAgeMax = TimeSpan.FromMinutes(1);

    /// <summary>Packs that a node announces to remove at once: 256 GiB.</summary>
    public const int DoomedPacks = 1 << 14;

    /// <summary>The longest lease: its packs and its answers to all other nodes.</summary>
    public const int LeaseBytes = 1 << 19;

    /// <summary>Packs whose objects are moved in one go: what is remembered of them is a row for each object.</summary>
    public const int PacksMovedAtOnce = 64;

    /// <summary>Rows of fossils that are written in one commit.</summary>
    public const int FossilBatch = 512;

    /// <summary>A listing, with looking into what is new, is given up after this: all who ask for something that the index does not know wait for it. What it found is kept.</summary>
    public static readonly TimeSpan ListTimeMax = TimeSpan.FromMinutes(10);

    /// <summary>What the index does not know may have been written by another node a moment ago: then the folder is listed anew, but not more often than this.</summary>
    public static readonly TimeSpan ListIntervalMin = TimeSpan.FromSeconds(5);

    /// <summary>And the pause between two listings is so many times as long as the last one took: a tenth of the time at most.</summary>
    public const int ListPausePerListing = 10;

    /// <summary>The address of an S3 folder: a bucket, a prefix and a server.</summary>
    public const int S3AddressBytes = 1024;

    /// <summary>The name of a secret, which is a file's name.</summary>
    public const int S3SecretNameMax = 64;

    /// <summary>Letters of all names in one listing of a bucket: <see cref="ListEntries"/> packs have 48 million.</summary>
    public const int S3ListLetters = 64 << 20;

    /// <summary>Connections to one S3 server: reads, uploads and listings at once; more would only share the line.</summary>
    public const int S3Connections = 32;

    /// <summary>What is sent in one request: files beyond it go in parts of this size, of which a lost one is sent again alone. At least 5 MiB by the protocol.</summary>
    public const int S3PartBytes = 8 << 20;

    /// <summary>Further attempts at a request that a server or the line failed.</summary>
    public const int S3Retries = 2;

    /// <summary>What is sent without asking the server first whether it takes it: as much as is on its way before an answer could come.</summary>
    public const int S3UnaskedBytes = 64 << 10;

    /// <summary>What is handed to the system at once of an upload, and what it takes without having sent it: a line that moves so much in <see cref="S3SilenceMax"/> on a connection is slow, not silent.</summary>
    public const int S3SliceBytes = 64 << 10;

    /// <summary>Names in one page of a listing, as the protocol has it.</summary>
    public const int S3PageEntries = 1000;

    /// <summary>An answer that is no file: a page of a listing whose names are as long as may be, escaped, is 4 MiB.</summary>
    public const int S3AnswerBytes = 8 << 20;

    /// <summary>What is read to the end of an answer that nobody wants any more, so that its connection can be used again.</summary>
    public const int S3DrainBytes = 32 << 10;

    /// <summary>Uploads of others that are looked at when what is left of dead ones is given up.</summary>
    public const int S3LeftUploads = 10_000;

    /// <summary>Uploads of our own that could not be given up and are remembered; more are found by looking, a day later.</summary>
    public const int S3FailedUploads = 64;

    /// <summary>Attempts at a file that others are writing at the same moment.</summary>
    public const int S3ConflictTries = 5;

    /// <summary>And the pause between them: a small write takes less.</summary>
    public static readonly TimeSpan S3ConflictPause = TimeSpan.FromMilliseconds(300);

    /// <summary>How often uploads that dead nodes left are looked for.</summary>
    public static readonly TimeSpan S3TidyInterval = TimeSpan.FromDays(1);

    /// <summary>How long a connection to an S3 server may take.</summary>
    public static readonly TimeSpan S3ConnectTimeMax = TimeSpan.FromSeconds(10);

    /// <summary>A server that does not say whether it takes an upload is sent it after this.</summary>
    public static readonly TimeSpan S3ExpectTimeMax = TimeSpan.FromSeconds(5);

    /// <summary>An S3 server that should send or take something and does not for so long is given up.</summary>
    public static readonly TimeSpan S3SilenceMax = TimeSpan.FromSeconds(30);

    /// <summary>Connections that nobody uses are closed after this.</summary>
    public static readonly TimeSpan S3ConnectionIdleMax = TimeSpan.FromSeconds(30);

    /// <summary>And all after this: the name may lead elsewhere by then.</summary>
    public static readonly TimeSpan S3ConnectionAgeMax = TimeSpan.FromMinutes(10);

    /// <summary>Giving up an upload that failed must not take longer than this; what is left is given up a day later.</summary>
    public static readonly TimeSpan S3AbortTimeMax = TimeSpan.FromSeconds(10);
}
