using Bazil.Core;
using Bazil.Storage.Eviction;
using Bazil.Storage.Stores;

namespace Bazil.Peers;

/// <summary>
/// What this node offers its peers; the daemon implements it over its database. Every method is asked anew for each request,
/// may be called concurrently, and answers from the permissions of that moment. After taking a permission away, call
/// <c>PeerServer.Revoke</c>, <c>RevokeVolume</c> or <c>RevokeStorage</c>: what is in flight ends at once.
/// An exception from here is this node's failure: the peer learns only that there was one.
/// </summary>
public interface IPeerService : IPeerDirectory
{
    /// <summary>The volume of this name, or null when there is none or <paramref name="peer"/> may not have it; the peer cannot tell which.</summary>
    IPeerVolume? FindVolume(PeerId peer, string name);

    /// <summary>The volume of this id, or null when there is none or <paramref name="peer"/> may not have it.</summary>
    IPeerVolume? FindVolume(PeerId peer, VolumeId id);

    /// <summary>
    /// The store that serves this peer's gets and takes its puts, or null to refuse. Puts are unverified bytes of a stranger: the daemon decides
    /// where they go. The transport does not dispose it, and calls its SyncAsync before it acknowledges a put.
    /// </summary>
    IObjectStore? StoreFor(PeerId peer);

    /// <summary>
    /// What this peer itself put here, and nothing else, or null to refuse. It may list that, and release what it needs no more, which is deleted. The transport does not dispose it, and calls its
    /// SyncAsync before it acknowledges a release.
    /// </summary>
    IObjectStore? PutsOf(PeerId peer);

    /// <summary>What promises this peer to keep objects of this node's own store, or null to refuse.</summary>
    HoldGranter? HoldsFor(PeerId peer);
}
