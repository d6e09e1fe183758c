using Bazil.Core;
using Bazil.Core.Crypto;

namespace Bazil.Peers;

/// <summary>The volume's sharing key was rotated, and the peer has not got the new one yet. No metadata was exchanged; it goes on when the peer has it.</summary>
public sealed class PeerBehindException(PeerId peer, string volume, KeyFingerprint needed)
    : PeerException(peer, $"peer {peer} has not got sharing key {needed} of volume {volume} yet, so nothing is exchanged with it; "
        + "on this machine, run \"bazil sharing export NAME FILE\"; there, run \"bazil sharing add NAME <FILE\"")
{
    public string Volume { get; } = volume;

    /// <summary>The key that the peer lacks.</summary>
    public KeyFingerprint Needed { get; } = needed;
}
