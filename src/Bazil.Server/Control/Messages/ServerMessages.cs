namespace Bazil.Server.Control.Messages;

/// <summary>The server is alive.</summary>
public sealed record PingReply(string Version, int ProcessId);

/// <summary>The node's own public key, 64 hex digits.</summary>
public sealed record PublicKeyReply(string PublicKey);

/// <summary>The state of the node on one screen.</summary>
/// <param name="Address">Where peers reach this server, such as <c>[::]:34211</c>.</param>
/// <param name="Checks">Of each volume that was ever checked.</param>
/// <param name="Sync">Of each volume that is shared with others.</param>
public sealed record StatusReply(
    string Version,
    int ProcessId,
    string PublicKey,
    string DataDirectory,
    string Address,
    IReadOnlyList<VolumeInfo> Volumes,
    IReadOnlyList<PeerInfo> Peers,
    IReadOnlyList<WarningInfo> Warnings,
    IReadOnlyList<CheckSummary> Checks,
    IReadOnlyList<VolumeSyncInfo> Sync)
{
    /// <summary>Reads of programs that have waited for content from elsewhere for a second or longer.</summary>
    public IReadOnlyList<WaitingReadInfo> WaitingReads { get; init; } = [];

    /// <summary>Of each volume in which something is pinned.</summary>
    public IReadOnlyList<PinStateInfo> Pins { get; init; } = [];

    /// <summary>The size of this node's own store.</summary>
    public CacheInfo? Cache { get; init; }

    /// <summary>Of each volume that was given a policy.</summary>
    public IReadOnlyList<PolicyInfo> Policies { get; init; } = [];
}

/// <param name="Path">Of the file or directory, from the root of the volume.</param>
/// <param name="Offset">Where it reads or writes.</param>
/// <param name="Operation"><c>read</c>, or <c>write</c> for changes that need what is there.</param>
/// <param name="Seconds">How long it has waited.</param>
/// <param name="LimitSeconds">How long reads of this volume wait at most.</param>
/// <param name="Asked">The storages that are asked, each with why it cannot be reached, or null while it has not answered.</param>
public sealed record WaitingReadInfo(string Volume, string Path, ulong Offset, string Operation, double Seconds, double LimitSeconds, IReadOnlyList<AskedStorageInfo> Asked);

public sealed record AskedStorageInfo(string Name, string? Problem);

/// <summary>Something the person should know, and what to do about it.</summary>
public sealed record WarningInfo(string Message, string? NextStep);
