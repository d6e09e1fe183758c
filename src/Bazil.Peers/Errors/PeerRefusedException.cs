using Bazil.Core;

namespace Bazil.Peers;

/// <summary>The peer answered and will not: it does not know this node, or does not allow it what was asked for. The peer does not say which.</summary>
public sealed class PeerRefusedException(PeerId peer, string what, string advice)
    : PeerException(peer, $"peer {peer} refused {what}; {advice}")
{
    /// <summary>What was asked for, such as <c>volume "photos"</c>.</summary>
    public string What { get; } = what;
}
