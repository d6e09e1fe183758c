namespace Bazil.Peers;

/// <summary>How fast content and metadata may go to and come from a peer, bytes per second; null means as fast as it goes.</summary>
public readonly record struct RateLimits(long? Up, long? Down)
{
    /// <summary>
    /// The slowest that may be set. Below it a frame of content would take longer than a peer waits for a sign of life.
    /// </summary>
    public const long BytesPerSecondMin = 64 << 10;
}
