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

    /// <summary>
    /// Where something between both machines answers for the peer's kernel (ssh -L, a load balancer, a container's port), only the peer itself can say that it is there: while a
    /// request is in progress it is asked after so long, and the connection ends when no answer came for as long again. The framework looks four times in that time, which wakes this machine.
    /// </summary>
    public TimeSpan PingInterval { get; init; } = TimeSpan.FromMinutes(10);
}
