namespace Bazil.Peers;

/// <summary>The bounds of the peer protocol, version 1. Those a peer can meet are part of the protocol (docs/protocol.md).</summary>
public static class Limits
{
    /// <summary>One frame of any stream: large enough to amortise its header, small enough to buffer without thought.</summary>
    public const int FrameBytes = 1 << 20;

    /// <summary>One data frame of an object, as we send them: what others wait for at most when a rate is limited, and little enough to buffer for each stream.</summary>
    public const int DataFrameBytes = 64 << 10;

    /// <summary>What the kernel holds of a connection and has not sent. With what the server holds for it (64 KiB before TLS, 64 KiB of each stream), less than 256 KiB of content are ahead of anything.</summary>
    public const int UnsentBytes = 64 << 10;

    /// <summary>Gets of one peer that travel together: as much as the read-ahead of a few files, and no more than others want to wait for.</summary>
    public const int GetsPerRequest = 64;

    /// <summary>Requests of gathered gets at once: while some travel, others are read, opened and stored.</summary>
    public const int GetRequests = 4;

    /// <summary>Connections that may break under one request for objects, each after it brought something, before that is an error.</summary>
    public const int ResumesPerRequest = 4;

    /// <summary>An exchange request: a knowledge of 100,000 replicas with its signed heads is about 12 MiB.</summary>
    public const int ExchangeRequestBytes = 16 << 20;

    /// <summary>One object: sixteen times the largest chunk (4 MiB), so that a larger chunk size needs no new protocol.</summary>
    public const int ObjectBytes = 64 << 20;

    /// <summary>All of one put request; a client with more sends several.</summary>
    public const long PutRequestBytes = 256L << 20;

    /// <summary>Ids in one request (32 KiB of them): a round trip each thousand objects costs nothing.</summary>
    public const int IdsPerRequest = 1024;

    /// <summary>A control message: names and nonces.</summary>
    public const int MessageBytes = 64 << 10;

    /// <summary>The answer to a control message: ids and nonces.</summary>
    public const int AnswerBytes = 1024;

    /// <summary>Volume names, as file names: 255 bytes of UTF-8.</summary>
    public const int VolumeNameBytes = 255;

    /// <summary>A peer certificate in DER; ours is about 500 bytes.</summary>
    public const int CertificateBytes = 4096;

    /// <summary>All headers of a request; ours are about 100 bytes.</summary>
    public const int HeaderBytes = 4096;

    /// <summary>Challenges of one connection that were not answered yet; the oldest is forgotten.</summary>
    public const int OpenChallenges = 16;

    /// <summary>Connections of one peer: two for each of its daemons, and some that have not noticed their end.</summary>
    public const int ConnectionsPerPeer = 8;

    /// <summary>Requests at once on one connection; the client waits for its turn.</summary>
    public const int RequestsPerConnection = 64;

    /// <summary>Streams of notes on one connection, one for each volume: more volumes than two people share. They are idle nearly always, and do not count as requests.</summary>
    public const int WatchesPerConnection = 512;

    /// <summary>How long a new run of a peer waits for an older one, which was connected until then, to show that it is alive: who is cut off calls again within a second or two.</summary>
    public static readonly TimeSpan RunWait = TimeSpan.FromSeconds(3);

    /// <summary>Of two machines with one key, one that said nothing for so long is gone. Longer than anybody waits between two calls.</summary>
    public static readonly TimeSpan CopySettled = TimeSpan.FromMinutes(15);

    /// <summary>Ended runs of a peer that are remembered: the last few starts.</summary>
    public const int RunsRemembered = 16;

    /// <summary>One note about a volume: digests and numbers.</summary>
    public const int NoteBytes = 256;

    /// <summary>Notes about one volume that may come at once; <see cref="NotesPerSecond"/> more each second. One that sends more is cut off.</summary>
    public const int NotesAtOnce = 256;

    /// <summary>A node tells of its changes together, some 50 times a second at most: twice that, for clocks that differ.</summary>
    public const int NotesPerSecond = 100;

    /// <summary>Put requests of one peer at once; each may hold one whole object in memory.</summary>
    public const int PutsPerPeer = 8;

    /// <summary>Connections in all.</summary>
    public const int Connections = 1024;

    /// <summary>TLS handshakes at once; a handshake costs about a millisecond, so more than this is an attack.</summary>
    public const int Handshakes = 128;

    /// <summary>TLS handshakes at once from one network address, so that one stranger cannot take all the places.</summary>
    public const int HandshakesPerAddress = 16;
}
