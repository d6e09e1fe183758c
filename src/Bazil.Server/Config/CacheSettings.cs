namespace Bazil.Server.Config;

/// <summary>What is set about content on this machine.</summary>
public sealed record CacheSettings
{
    public static CacheSettings Default { get; } = new();

    /// <summary>How fast pinned content is fetched, in bytes per second; null for no limit.</summary>
    public long? PinRate { get; init; }

    /// <summary>How much this node's own store may hold; null for no limit.</summary>
    public long? LimitBytes { get; init; }

    /// <summary>How much of its disk is to stay free; null for no floor.</summary>
    public long? FreeBytes { get; init; }
}
