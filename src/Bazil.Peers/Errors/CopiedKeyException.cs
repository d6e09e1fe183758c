using Bazil.Core;

namespace Bazil.Peers;

/// <summary>Two machines use one key: a data directory was copied. Nothing is exchanged with either until one of them is left.</summary>
/// <param name="peer">With whom this was found.</param>
/// <param name="isOwn">Whether it is the key of this node, which the peer refuses; else it is the peer's.</param>
public sealed class CopiedKeyException(PeerId peer, bool isOwn) : PeerException(peer, isOwn ? Own(peer) : Peers(peer))
{
    /// <summary>What to do about it.</summary>
    public const string Advice = "on the machine that is the copy, stop the server for good, make a data directory of its own (bazil -data-dir=OTHER create), and add its new key to the peers";

    public bool IsOwn { get; } = isOwn;

    private static string Own(PeerId peer) => $"peer {peer} refuses this node: another machine uses the same key, so this data directory was copied; {Advice}";

    private static string Peers(PeerId peer) => $"two machines use the key of peer {peer}, so its data directory was copied, and nothing is exchanged with either; {Advice}";
}
