namespace Bazil.Peers;

/// <summary>Times of the calling side. The defaults are for people who wait.</summary>
public sealed record PeerClientOptions
{
    /// <summary>For TCP, TLS and the first answer together, for each address.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Longest silence in the middle of a request. A peer that works on an answer says so every few seconds.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>HTTP/2 pings on a quiet connection; unanswered for as long again, the connection is closed. Requests have their own, shorter patience: this costs an idle machine its rest.</summary>
    public TimeSpan KeepAliveInterval { get; init; } = TimeSpan.FromSeconds(60);
}
