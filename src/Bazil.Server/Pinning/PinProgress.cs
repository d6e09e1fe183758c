namespace Bazil.Server.Pinning;

/// <summary>How far the pinned content of one volume is on this machine.</summary>
/// <param name="Chunks">Looked at.</param>
/// <param name="MissingChunks">That could not be had.</param>
/// <param name="FetchedBytes">Since the start of the server.</param>
/// <param name="Problem">Why, of one of them; null when there is none.</param>
/// <param name="RetryAt">When it is tried again.</param>
/// <param name="CompletedAt">When everything was here for the last time since the start of the server.</param>
internal sealed record PinProgress(PinPhase Phase, long Chunks, long MissingChunks, long FetchedBytes, string? Problem, DateTimeOffset? RetryAt, DateTimeOffset? CompletedAt)
{
    public static PinProgress Beginning { get; } = new(PinPhase.Fetching, 0, 0, 0, null, null, null);
}
