namespace Bazil.Server.Control.Messages;

/// <summary>A member of a volume, by nickname or public key.</summary>
public sealed record VolumeMemberRequest(string Volume, string Peer);

/// <param name="PublicKey">Who.</param>
/// <param name="Nickname">What this node calls it; null for this node itself, and for who is not known here.</param>
/// <param name="IsSelf">This node.</param>
/// <param name="IsAllowed">Whether this node lets it pull.</param>
/// <param name="KnowsAll">Whether it is known to have heard of everything that this node knows.</param>
/// <param name="IsHeard">Whether this node ever learnt what it knows.</param>
public sealed record VolumeMemberInfo(string PublicKey, string? Nickname, bool IsSelf, bool IsAllowed, bool KnowsAll, bool IsHeard);

public sealed record VolumeMemberListReply(IReadOnlyList<VolumeMemberInfo> Members);

/// <param name="PublicKey">Who is no member any more.</param>
/// <param name="SharingKey">The sharing key that it still has.</param>
public sealed record VolumeMemberRemoveReply(string PublicKey, string SharingKey);
