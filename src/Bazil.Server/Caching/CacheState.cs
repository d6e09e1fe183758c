namespace Bazil.Server.Caching;

/// <summary>How it stands with the size of this node's own store.</summary>
/// <param name="UsedBytes">What objects occupy.</param>
/// <param name="DiskFreeBytes">Of the disk it is on.</param>
/// <param name="OverBytes">So much is to go; 0 when all is well.</param>
/// <param name="IsEvicting">That is being done now.</param>
/// <param name="EvictedBytes">By itself, since the start of the server.</param>
/// <param name="Problem">Why it does not get smaller; null when it does.</param>
/// <param name="RetryAt">When it is tried again.</param>
internal sealed record CacheState(long UsedBytes, long DiskFreeBytes, long OverBytes, bool IsEvicting, long EvictedBytes, string? Problem, DateTimeOffset? RetryAt)
{
    public static CacheState Beginning { get; } = new(0, 0, 0, false, 0, null, null);
}
