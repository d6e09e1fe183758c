namespace Bazil.Server.Control.Messages;

/// <param name="Name">Its name, or null for one derived from the address.</param>
/// <param name="Storage"><c>local</c>, an absolute path, <c>peerkey:</c> and a key or nickname, <c>sftp:</c> or <c>s3:</c> and where, or <c>disk:</c> and a label.</param>
/// <param name="SharingKey">Must be the volume's; null means that.</param>
public sealed record VolumeStorageAddRequest(string Volume, string? Name, string Storage, string? SharingKey);

public sealed record VolumeStorageRemoveRequest(string Volume, string Name);

/// <param name="Node">The public key of a node that is gone, or a nickname.</param>
public sealed record VolumeStorageReleaseRequest(string Volume, string Name, string Node);

/// <param name="From">What the volume calls the storage that has the content; <c>local</c> for this node's own.</param>
/// <param name="To">The one that gets it.</param>
/// <param name="Ticket">Chosen by the caller, to ask how far it is.</param>
public sealed record VolumeStorageSyncRequest(string Volume, string From, string To, string Ticket);

/// <param name="Chunks">That were looked at.</param>
/// <param name="AbsentChunks">That are in neither of both.</param>
/// <param name="DamagedChunks">That are damaged where they were to be copied from, and not in the other one.</param>
/// <param name="Problem">The first of these, or of those that lead to others and could not be read; null for none.</param>
public sealed record VolumeStorageSyncReply(long Chunks, long CopiedChunks, long CopiedBytes, long AbsentChunks, long DamagedChunks, string? Problem, double Seconds);

public sealed record VolumeStorageSyncProgressRequest(string Ticket);

/// <param name="Current">Null when nothing runs under the ticket.</param>
public sealed record VolumeStorageSyncProgressReply(VolumeStorageSyncReply? Current);

public sealed record StorageListReply(IReadOnlyList<StorageInfo> Storages);

/// <param name="Up">The most that is copied to it, or null.</param>
/// <param name="Down">The most that is read from it, or null; both null take limits away.</param>
/// <param name="At">Hours of the day; null for all times.</param>
public sealed record VolumeStorageLimitRequest(string Volume, string Name, string? Up, string? Down, string? At);

public sealed record StorageInfo(string Name, string Storage)
{
    /// <summary>How far content is copied to it; null for a storage to which nothing is copied in the background.</summary>
    public StorageCopyInfo? Copy { get; init; }

    /// <summary>How it answers when it is read from; null for a storage on this machine.</summary>
    public StorageHealthInfo? Health { get; init; }

    /// <summary>How fast it may be read from.</summary>
    public IReadOnlyList<string> ReadLimits { get; init; } = [];
}

/// <param name="State"><c>ok</c>, <c>unused</c> before the first answer since the start of the server, or <c>away</c> while nobody waits for it because it could not be reached.</param>
/// <param name="LatencyMs">How long an answer takes, as a moving average; null before the first.</param>
/// <param name="BytesPerSecond">How fast large objects come.</param>
/// <param name="RetryAt">When one that is away is asked again.</param>
/// <param name="Answers">Since the start of the server.</param>
/// <param name="Packs">Files in it; null for a peer, as is what they take.</param>
/// <param name="StoredBytes">What they take there.</param>
public sealed record StorageHealthInfo(string State, double? LatencyMs, double? BytesPerSecond, DateTimeOffset? RetryAt, long Answers, long? Packs, long? StoredBytes)
{
    /// <summary>Why it could not be reached when it was asked last; null when it answered.</summary>
    public string? Problem { get; init; }

    /// <summary>Objects in it that this node knows of; null for a peer.</summary>
    public long? Objects { get; init; }

    /// <summary>Packs that cannot be read, and why.</summary>
    public IReadOnlyList<string> Damaged { get; init; } = [];
}

/// <param name="State"><c>complete</c>, <c>copying</c>, <c>away</c> when the machine or disk is not there, or <c>waiting</c> after another failure.</param>
/// <param name="Waiting">Files, directories, links and snapshots that are not known to be copied as they are; null while that is not known.</param>
/// <param name="IsMore">There are more than that.</param>
/// <param name="Absent">Chunks that were left out because this machine does not have them, or not whole.</param>
/// <param name="Problem">Why it does not go on.</param>
/// <param name="SentBytes">Since the start of the server.</param>
/// <param name="Limits">How fast it may be copied to.</param>
public sealed record StorageCopyInfo(
    string State, int? Waiting, bool IsMore, long Absent, string? Problem, DateTimeOffset? RetryAt, DateTimeOffset? CompletedAt, long SentObjects, long SentBytes, IReadOnlyList<string> Limits)
{
    /// <summary>When it was there last.</summary>
    public DateTimeOffset? LastSeen { get; init; }
}
