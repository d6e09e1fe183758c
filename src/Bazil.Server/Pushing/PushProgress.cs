namespace Bazil.Server.Pushing;

/// <summary>How far the copying of one volume to one store is.</summary>
/// <param name="Phase">What is being done.</param>
/// <param name="Problem">Why it does not go on; null when it does.</param>
/// <param name="IsAway">The problem is that the machine or disk is not there now.</param>
/// <param name="RetryAt">When it is tried again.</param>
/// <param name="CompletedAt">When everything was there for the last time since the start of the server.</param>
/// <param name="SentObjects">Since the start of the server.</param>
/// <param name="SentBytes">Since the start of the server.</param>
/// <param name="AbsentChunks">What could not be copied since everything was looked at, because this machine does not have it, or not whole.</param>
/// <param name="StoreId">Of the store that was met; null before that.</param>
internal sealed record PushProgress(
    PushPhase Phase, string? Problem, bool IsAway, DateTimeOffset? RetryAt, DateTimeOffset? CompletedAt, long SentObjects, long SentBytes, long AbsentChunks, Guid? StoreId)
{
    public static PushProgress Beginning { get; } = new(PushPhase.Copying, null, false, null, null, 0, 0, 0, null);
}
