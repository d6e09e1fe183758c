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

    /// <summary>A pack is closed before it grows beyond this: 10,000 objects of 4 KiB are three requests, and one upload is a second on a slow line.</summary>
    public const int PackSizeBytes = 16 << 20;

    /// <summary>Objects in a pack; their directory is then 3.3 MiB at most.</summary>
    public const int PackObjects = 1 << 16;

    /// <summary>Packs that are being written at once: what is in memory is this often <see cref="PackSizeBytes"/>, and one more.</summary>
    public const int PackUploads = 4;

    /// <summary>What is fetched of the end of an unknown pack first: the directory of a thousand objects.</summary>
    public const int PackTailBytes = 1 << 16;

    /// <summary>Unknown packs that are looked into at once.</summary>
    public const int PackLookups = 16;

    /// <summary>Packs of other nodes in one folder that are looked into: each may put <see cref="PackObjects"/> rows into this node's database.</summary>
    public const int OthersPacks = 1 << 18;

    /// <summary>And what they take: as many full packs.</summary>
    public const long OthersPackBytes = (long)OthersPacks * PackSizeBytes;

    /// <summary>Packs that cannot be read and are named: more of them say nothing more.</summary>
    public const int DamagedPacksNamed = 100;

    /// <summary>A listing, with looking into what is new, is given up after this: all who ask for something that the index does not know wait for it. What it found is kept.</summary>
    public static readonly TimeSpan ListTimeMax = TimeSpan.FromMinutes(10);

    /// <summary>What the index does not know may have been written by another node a moment ago: then the folder is listed anew, but not more often than this.</summary>
    public static readonly TimeSpan ListIntervalMin = TimeSpan.FromSeconds(5);

    /// <summary>And the pause between two listings is so many times as long as the last one took: a tenth of the time at most.</summary>
    public const int ListPausePerListing = 10;
}
