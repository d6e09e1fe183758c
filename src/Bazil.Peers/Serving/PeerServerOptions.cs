using System.Net;

namespace Bazil.Peers;

/// <summary>Where and how the server listens.</summary>
public sealed record PeerServerOptions
{
    /// <summary>The port that peers expect: it spells the name.</summary>
    public const int PreferredPort = 34211;

    /// <summary>Where to listen. <c>[::]</c> takes IPv4 as well. Port 0 means any free one.</summary>
    public IPEndPoint Endpoint { get; init; } = new(IPAddress.IPv6Any, PreferredPort);

    /// <summary>When the port is taken: listen on any free one instead of failing.</summary>
    public bool AnyPort { get; init; } = true;

    /// <summary>For a whole TLS handshake. Strangers get no more of our time than this.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A connection without a request in progress is closed after this.</summary>
    public TimeSpan IdleConnectionTimeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>TCP probes a quiet connection after this, and ends it when nothing came for twice as long.</summary>
    public TimeSpan KeepAliveInterval { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>A connection of which nothing came for so long is asked by a ping with the next heartbeat of the framework, and ends with the one after that: a client that listened, behind something that still answers TCP's probes.</summary>
    public TimeSpan PingInterval { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>A request whose body, or whose reader, makes no progress for this long is aborted.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>While an answer is being worked on, a sign of life is sent this often. Below every client's idle timeout.</summary>
    public TimeSpan AliveInterval { get; init; } = TimeSpan.FromSeconds(3);
}
