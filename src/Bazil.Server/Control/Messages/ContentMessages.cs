namespace Bazil.Server.Control.Messages;

/// <param name="Paths">Absolute and canonical, in mounted volumes.</param>
/// <param name="Ticket">Chosen by the caller, to ask how far it is.</param>
public sealed record GetRequest(IReadOnlyList<string> Paths, string Ticket);

/// <param name="Chunks">Looked at.</param>
/// <param name="FetchedChunks">That were not here before.</param>
/// <param name="FetchedBytes">Of their content.</param>
/// <param name="MissingChunks">That could not be had.</param>
/// <param name="Problem">Why, of one of them; null when everything is here.</param>
public sealed record GetReply(long Chunks, long FetchedChunks, long FetchedBytes, long MissingChunks, string? Problem, double Seconds);

public sealed record GetProgressRequest(string Ticket);

/// <param name="Current">Null when nothing runs under that ticket.</param>
public sealed record GetProgressReply(GetReply? Current);

/// <param name="Paths">Absolute and canonical, in mounted volumes.</param>
/// <param name="Storage">Its name in the volumes of the paths.</param>
/// <param name="Ticket">Chosen by the caller, to ask how far it is.</param>
public sealed record PushRequest(IReadOnlyList<string> Paths, string Storage, string Ticket);

/// <param name="Chunks">Looked at.</param>
/// <param name="SentChunks">That were not there before.</param>
/// <param name="SentBytes">As they are stored.</param>
/// <param name="AbsentChunks">That are not on this machine, or not whole, and not there.</param>
public sealed record PushReply(long Chunks, long SentChunks, long SentBytes, long AbsentChunks, double Seconds);

public sealed record PushProgressRequest(string Ticket);

/// <param name="Current">Null when nothing runs under that ticket.</param>
public sealed record PushProgressReply(PushReply? Current);

/// <param name="Paths">Absolute and canonical, in mounted volumes.</param>
public sealed record WhereisRequest(IReadOnlyList<string> Paths);

public sealed record WhereisReply(IReadOnlyList<WhereisInfo> Paths);

/// <param name="Chunks">Of all content at and below the path. Small files lie in their records and have none: they are on every machine.</param>
/// <param name="Problem">Why not all of them are known; null when they are.</param>
public sealed record WhereisInfo(string Path, long Chunks, string? Problem, IReadOnlyList<WhereisPlaceInfo> Places);

/// <param name="Name">Of the storage in the volume.</param>
/// <param name="Chunks">So many of them are there.</param>
/// <param name="Problem">Why it could not tell; then there may be more.</param>
/// <param name="LastSeen">When a storage that may be away was seen last; null for others.</param>
/// <param name="IsAway">Such a storage cannot be reached now; what it has is known from its index.</param>
public sealed record WhereisPlaceInfo(string Name, string Storage, long Chunks, string? Problem, DateTimeOffset? LastSeen, bool IsAway);
