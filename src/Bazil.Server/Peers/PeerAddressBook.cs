using System.Collections.Immutable;
using System.Net;
using Bazil.Core;
using Bazil.Peers;
using Bazil.Server.Config;

namespace Bazil.Server.Peers;

/// <summary>
/// The locations that people set with <c>peer location set</c>, and after them those from which peers called. The latter are not kept over a restart, and may be wrong:
/// whoever answers there has to prove that it is the peer. Safe for concurrent use.
/// </summary>
internal sealed class PeerAddressBook(ConfigStore config) : IPeerAddressBook
{
    private readonly Lock _lock = new(); // guards _learnt; calls nothing outside
    private readonly Dictionary<PeerId, ImmutableArray<string>> _learnt = [];

    public IReadOnlyList<string> AddressesOf(PeerId peer)
    {
        ImmutableArray<string> set = config.FindPeer(peer)?.Locations ?? [];
        lock (_lock) return _learnt.TryGetValue(peer, out ImmutableArray<string> learnt) ? [.. set.Union(learnt)] : set;
    }

    /// <summary>A peer says where it listens. Returns true when that is new.</summary>
    public bool Learn(PeerId peer, IPEndPoint address)
    {
        string text = address.ToString();
        lock (_lock)
        {
            ImmutableArray<string> before = _learnt.GetValueOrDefault(peer, []);
            if (before is [var newest, ..] && newest == text) return false;
            _learnt[peer] = [text, .. before.Remove(text).Take(Limits.LearntAddressesMax - 1)];
            return !before.Contains(text);
        }
    }
}
