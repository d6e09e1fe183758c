using Bazil.Peers.Metering;

namespace Bazil.Peers;

/// <summary>
/// What went to and came from one peer since this node started, over all connections, and the rates it is held to. Bytes are those of content and
/// metadata with their frames, as they are before TLS and HTTP/2. Concurrent.
/// </summary>
public sealed class PeerMeter
{
    private readonly Func<RateLimits> _limits;
    private readonly RatePacer _up;
    private readonly RatePacer _down;
    private long _sentBytes;
    private long _receivedBytes;

    internal PeerMeter(TimeProvider time, Func<RateLimits> limits)
    {
        _limits = limits;
        _up = new RatePacer(time);
        _down = new RatePacer(time);
    }

    public long SentBytes => Volatile.Read(ref _sentBytes);

    public long ReceivedBytes => Volatile.Read(ref _receivedBytes);

    internal void CountSent(int bytes) => Interlocked.Add(ref _sentBytes, bytes);

    internal void CountReceived(int bytes) => Interlocked.Add(ref _receivedBytes, bytes);

    /// <summary>To be awaited before bytes are sent.</summary>
    internal ValueTask SendingAsync(int bytes, TrafficKind kind, CancellationToken cancel) => _up.PassAsync(bytes, _limits().Up, kind, cancel);

    /// <summary>To be awaited after bytes were received and before more are read: whoever sends them is slowed down by not being read.</summary>
    internal ValueTask ReceivedAsync(int bytes, TrafficKind kind, CancellationToken cancel) => _down.PassAsync(bytes, _limits().Down, kind, cancel);
}
