namespace Bazil.Server.Control.Messages;

/// <param name="Paths">Absolute and canonical, in mounted volumes.</param>
/// <param name="Volume">Of the patterns.</param>
/// <param name="Patterns">From the root of the volume.</param>
public sealed record PinRequest(IReadOnlyList<string> Paths, string? Volume, IReadOnlyList<string> Patterns);

/// <param name="Volume">Null for all.</param>
public sealed record PinListRequest(string? Volume);

public sealed record PinListReply(IReadOnlyList<PinInfo> Pins, IReadOnlyList<PinStateInfo> States, long? BytesPerSecondMax);

/// <param name="Path">From the root of the volume; null for a pattern.</param>
/// <param name="Pattern">Null for what is pinned by itself.</param>
/// <param name="IsGone">What was pinned has been deleted; should it come back, it is pinned.</param>
public sealed record PinInfo(string Volume, string? Path, string? Pattern, bool IsGone, DateTimeOffset Since);

/// <summary>How far the pinned content of a volume is on this machine.</summary>
/// <param name="State"><c>fetching</c>, <c>complete</c>, or <c>waiting</c>.</param>
/// <param name="Chunks">Looked at, in the look that goes on or the last one.</param>
/// <param name="MissingChunks">That could not be had.</param>
/// <param name="FetchedBytes">Since the start of the server.</param>
/// <param name="Problem">Why it does not go on; null when it does.</param>
/// <param name="RetryAt">When it is tried again.</param>
/// <param name="CompletedAt">When everything was here for the last time since the start of the server.</param>
public sealed record PinStateInfo(string Volume, string State, long Chunks, long MissingChunks, long FetchedBytes, string? Problem, DateTimeOffset? RetryAt, DateTimeOffset? CompletedAt);

/// <param name="Rate">Such as <c>2MiB/s</c>; null for no limit.</param>
public sealed record PinLimitRequest(string? Rate);
