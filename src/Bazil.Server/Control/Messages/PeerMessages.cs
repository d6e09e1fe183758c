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

public sealed record PeerListReply(IReadOnlyList<PeerInfo> Peers);

/// <param name="Volumes">Names of the volumes that it may pull.</param>
public sealed record PeerInfo(
    string PublicKey, string? Nickname, IReadOnlyList<string> Locations, IReadOnlyList<string> Storages, IReadOnlyList<string> Volumes);
