using Bazil.Core;
using Bazil.Peers;
using Bazil.Server.Config;

namespace Bazil.Server.Peers;

/// <summary>The locations that people set with <c>peer location set</c>.</summary>
internal sealed class PeerAddressBook(ConfigStore config) : IPeerAddressBook
{
    public IReadOnlyList<string> AddressesOf(PeerId peer) => config.FindPeer(peer)?.Locations ?? [];
}
