namespace Bazil.Peers;

/// <summary>Times of the calling side. The defaults are for people who wait.</summary>
public sealed record PeerClientOptions
{
    /// <summary>For TCP, TLS and the first answer together, for each address.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Longest silence in the middle of a request. A peer that works on an answer says so every few seconds.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>TCP probes a quiet connection after this, and ends it when nothing came for twice as long. Requests have their own, shorter patience.</summary>
    public TimeSpan KeepAliveInterval { get; init; } = TimeSpan.FromSeconds(60);
}
