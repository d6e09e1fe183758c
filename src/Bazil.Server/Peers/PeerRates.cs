using System.Collections.Concurrent;
using System.Collections.Immutable;
using Bazil.Core;
using Bazil.Peers;
using Bazil.Server.Config;

namespace Bazil.Server.Peers;

/// <summary>The limits of all peers, from memory: they are asked for with each frame. Concurrent.</summary>
internal sealed class PeerRates(ConfigStore config, TimeProvider time)
{
    private readonly ConcurrentDictionary<PeerId, ImmutableArray<RateRule>> _rules = [];

    /// <summary>What counts now.</summary>
    public RateLimits Of(PeerId peer)
    {
        ImmutableArray<RateRule> rules = _rules.GetOrAdd(peer, id => config.FindPeer(id)?.Rates ?? []);
        return rules.IsEmpty ? default : RateRule.At(rules, TimeOnly.FromDateTime(time.GetLocalNow().DateTime));
    }

    /// <summary>The configuration of a peer has changed.</summary>
    public void Forget(PeerId peer) => _rules.TryRemove(peer, out _);
}
