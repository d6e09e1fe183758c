namespace Bazil.Server.Control.Messages;

/// <param name="Paths">Absolute and canonical, in mounted volumes.</param>
/// <param name="DryRun">Nothing is to go.</param>
/// <param name="Ticket">Chosen by the caller, to ask how far it is.</param>
public sealed record EvictRequest(IReadOnlyList<string> Paths, bool DryRun, string Ticket);

/// <param name="Looked">Objects of the content that were here.</param>
/// <param name="Objects">That went, or in a dry run would.</param>
/// <param name="Bytes">As they were stored.</param>
/// <param name="Kept">What stays, the most first.</param>
public sealed record EvictReply(bool DryRun, long Looked, long Objects, long Bytes, IReadOnlyList<KeptInfo> Kept, double Seconds);

/// <summary>Objects for which the same is true.</summary>
public sealed record KeptInfo(string Reason, long Objects, long Bytes);

public sealed record EvictProgressRequest(string Ticket);

/// <param name="Looked">Null when nothing runs under that ticket.</param>
public sealed record EvictProgressReply(long? Looked, long Bytes);

/// <param name="Copies">Null for as it is.</param>
/// <param name="Required">Names of storages of the volume; null for as it is.</param>
public sealed record PolicySetRequest(string Volume, int? Copies, IReadOnlyList<string>? Required);

/// <summary>How many copies of the content of a volume there are to be, and whether there are.</summary>
/// <param name="IsSet">False for the default, one copy anywhere, which is not looked after.</param>
/// <param name="LookedAt">When it was looked last; null before.</param>
/// <param name="Below">Objects that have too few copies.</param>
/// <param name="BelowBytes">Of those that are here.</param>
/// <param name="Unknown">Objects that have too few unless storages have them that could not be asked.</param>
/// <param name="UnreadContents">Contents that were never read here: what they consist of is not known.</param>
/// <param name="Reasons">Why, the most first.</param>
/// <param name="Problem">Why it could not be looked last; null when it could.</param>
public sealed record PolicyInfo(
    string Volume, int Copies, IReadOnlyList<string> Required, bool IsSet, DateTimeOffset? LookedAt, long Objects, long Below, long BelowBytes, long Unknown, long UnreadContents, IReadOnlyList<KeptInfo> Reasons, string? Problem);

/// <summary>Sizes such as <c>10GiB</c>; <c>off</c> for none, null for as it is.</summary>
public sealed record CacheSetRequest(string? Limit, string? Free);

/// <summary>The size of this node's own store, and what is promised of it.</summary>
/// <param name="LimitBytes">Null for none.</param>
/// <param name="FreeBytesMin">Null for none.</param>
/// <param name="OverBytes">So much is to go; 0 when all is well.</param>
/// <param name="EvictedBytes">By itself, since the start of the server.</param>
/// <param name="Problem">Why it does not get smaller; null when it does.</param>
public sealed record CacheInfo(
    long? LimitBytes, long? FreeBytesMin, long UsedBytes, long DiskFreeBytes, long OverBytes, bool IsEvicting, long EvictedBytes, string? Problem, DateTimeOffset? RetryAt, IReadOnlyList<HeldInfo> Held);

/// <summary>Objects that a peer holds here while it evicts its own copies: they stay so long.</summary>
public sealed record HeldInfo(string Peer, long Objects, double SecondsLeft);
