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
    IReadOnlyList<VolumeSyncInfo> Sync);

/// <summary>Something the person should know, and what to do about it.</summary>
public sealed record WarningInfo(string Message, string? NextStep);
