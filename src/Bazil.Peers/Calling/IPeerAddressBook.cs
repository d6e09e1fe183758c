using Bazil.Core;

namespace Bazil.Peers;

/// <summary>Where peers were last known to listen. Concurrent.</summary>
public interface IPeerAddressBook
{
    /// <summary>Addresses to try in this order, each <c>host:port</c> or <c>[v6]:port</c>; empty when none is known.</summary>
    IReadOnlyList<string> AddressesOf(PeerId peer);
}
