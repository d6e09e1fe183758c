using Bazil.Core;

namespace Bazil.Peers;

/// <summary>Something went wrong with a peer. The message is fit for a person: it names the peer, the reason, and what to do where there is something to do.</summary>
public abstract class PeerException(PeerId peer, string message, Exception? inner = null) : IOException(message, inner)
{
    public PeerId Peer { get; } = peer;
}
