namespace Bazil.Server.Control.Messages;

/// <param name="Peer">Key or nickname; null for all.</param>
public sealed record VolumePauseRequest(string Volume, string? Peer);

/// <param name="Volumes">Names of volumes; empty for all.</param>
/// <param name="Wait">Whether to answer only when it is done.</param>
public sealed record SyncRequest(IReadOnlyList<string> Volumes, bool Wait);

public sealed record SyncReply(IReadOnlyList<SyncOutcomeInfo> Outcomes);

/// <param name="Peer">Nickname or key.</param>
/// <param name="Problem">Why it was not synchronised, or null.</param>
/// <param name="NextStep">What to do about it; null when the problem says it, or there is none.</param>
public sealed record SyncOutcomeInfo(string Volume, string Peer, string? Problem, string? NextStep);

/// <param name="Since">The revision of the last reply, to wait until something is different; null for an answer at once.</param>
public sealed record SyncStatusRequest(long? Since);

public sealed record SyncStatusReply(long Revision, IReadOnlyList<VolumeSyncInfo> Volumes);

/// <summary>How it stands with a volume and the peers that have it.</summary>
/// <param name="IsPaused">It is synchronised only when somebody asks.</param>
/// <param name="Conflicts">Files with several contents and names that several files have; null while the volume is not in use.</param>
/// <param name="Postponed">Changes that wait for a program to close a file; null while the volume is not in use.</param>
/// <param name="HeldDeletions">Deletions by others that wait for consent, or null.</param>
public sealed record VolumeSyncInfo(string Volume, bool IsPaused, int? Conflicts, int? Postponed, long? HeldDeletions, IReadOnlyList<PeerSyncInfo> Peers);

/// <summary>How it stands between a volume and one peer.</summary>
/// <param name="Peer">Nickname or key.</param>
/// <param name="State"><c>connected</c>, <c>receiving</c>, <c>connecting</c>, <c>unreachable</c>, <c>no address</c> or <c>paused</c>.</param>
/// <param name="Since">When that began.</param>
/// <param name="Reason">Why it is not connected, or nothing is exchanged; null when all is well.</param>
/// <param name="RetryAt">When the peer is called again, unless something happens before; null when it is not waited for.</param>
/// <param name="LastSeen">When something was last heard of it since the server was started, or null.</param>
/// <param name="LastSync">When everything it had was last here since the server was started, or null.</param>
/// <param name="IsBehindHere">True when the peer has something that is not here yet; null when that is not known.</param>
/// <param name="BehindHere">How many files, directories and links of it are not here, as the peer said; null when it did not.</param>
/// <param name="IsMoreHere">There are more of them than it counted.</param>
/// <param name="BehindHereBytes">Size of the contents among them, as the peer said; null when it did not.</param>
/// <param name="BehindThere">Files, directories and links that the peer is not known to have as they are here; null when that is not known.</param>
/// <param name="IsMore">There are more of them than were counted.</param>
/// <param name="BehindThereBytes">Size of the contents among them that the peer has not heard of; null when there are too many to look at.</param>
/// <param name="ReceivedBytes">What has come in the transfer that is under way, or null.</param>
/// <param name="BytesPerSecond">How fast, or null.</param>
/// <param name="ReceivedItems">Files, directories and other nodes that have come in it, or null.</param>
/// <param name="ExpectedItems">How many are expected in all, as the peer said; null when it did not count them.</param>
/// <param name="SecondsLeft">How long it will take if it goes on like this; null when that is not known.</param>
/// <param name="Latest">The name of what came last, escaped, or null.</param>
public sealed record PeerSyncInfo(
    string Peer,
    string State,
    DateTimeOffset Since,
    string? Reason,
    DateTimeOffset? RetryAt,
    DateTimeOffset? LastSeen,
    DateTimeOffset? LastSync,
    bool? IsBehindHere,
    int? BehindHere,
    bool IsMoreHere,
    long? BehindHereBytes,
    int? BehindThere,
    bool IsMore,
    long? BehindThereBytes,
    long? ReceivedBytes,
    double? BytesPerSecond,
    long? ReceivedItems,
    long? ExpectedItems,
    double? SecondsLeft,
    string? Latest);
