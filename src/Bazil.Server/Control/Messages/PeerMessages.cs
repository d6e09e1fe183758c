namespace Bazil.Server.Control.Messages;

/// <param name="Peer">Key (64 hex digits) or nickname.</param>
public sealed record PeerRequest(string Peer);

/// <param name="PublicKey">64 hex digits.</param>
public sealed record PeerAddRequest(string PublicKey, string? Nickname);

/// <param name="Nickname">Null or empty takes the nickname away.</param>
public sealed record PeerNameRequest(string Peer, string? Nickname);

/// <param name="Location"><c>HOST:PORT</c>.</param>
public sealed record PeerLocationRequest(string Peer, string Location);

public sealed record PeerStorageRequest(string Peer, string Storage);

public sealed record PeerVolumeRequest(string Peer, string Volume);

/// <param name="Up">As <c>2MiB/s</c>; null for no limit. With <paramref name="Down"/> null, too, the limit goes.</param>
/// <param name="At"><c>08:00-18:00</c>; null for all times.</param>
public sealed record PeerLimitRequest(string Peer, string? Up, string? Down, string? At);

public sealed record PeerListReply(IReadOnlyList<PeerInfo> Peers);

/// <param name="Volumes">Names of the volumes that it may pull.</param>
/// <param name="Limits">Of the rates, each for people: <c>up 2MiB/s, down unlimited, at 08:00-18:00</c>.</param>
/// <param name="SentBytes">To the peer since this server was started.</param>
/// <param name="ReceivedBytes">From the peer since this server was started.</param>
public sealed record PeerInfo(
    string PublicKey, string? Nickname, IReadOnlyList<string> Locations, IReadOnlyList<string> Storages, IReadOnlyList<string> Volumes,
    IReadOnlyList<string> Limits, long SentBytes, long ReceivedBytes);
