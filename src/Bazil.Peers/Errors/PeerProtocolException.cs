using Bazil.Core;

namespace Bazil.Peers;

/// <summary>The peer sent something that the protocol does not allow, or reported a failure of its own. Nothing of the message was used.</summary>
public sealed class PeerProtocolException(PeerId peer, string reason, Exception? inner = null)
    : PeerException(peer, $"peer {peer}: {reason}", inner)
{
    public string Reason { get; } = reason;
}
