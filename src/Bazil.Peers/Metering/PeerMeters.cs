using System.Collections.Concurrent;
using Bazil.Core;

namespace Bazil.Peers;

/// <summary>The meters of all peers; one for the calling and the serving side of a node. Concurrent.</summary>
/// <param name="time">What rates are measured with.</param>
/// <param name="limitsOf">The limits of a peer at this moment; asked for each frame, so it answers from memory.</param>
public sealed class PeerMeters(TimeProvider time, Func<PeerId, RateLimits> limitsOf)
{
    private readonly ConcurrentDictionary<PeerId, PeerMeter> _meters = [];

    /// <summary>Counts, and limits nothing.</summary>
    public PeerMeters(TimeProvider time)
        : this(time, static _ => default)
    {
    }

    /// <summary>The meter of a peer, the same object each time.</summary>
    public PeerMeter Of(PeerId peer) => _meters.GetOrAdd(peer, id => new PeerMeter(time, () => limitsOf(id)));
}
