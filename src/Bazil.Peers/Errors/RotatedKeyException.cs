using Bazil.Core;
using Bazil.Core.Crypto;

namespace Bazil.Peers;

/// <summary>The volume's sharing key was rotated to one that this node did not prove. No metadata was exchanged; it goes on when the key is here.</summary>
public sealed class RotatedKeyException(PeerId peer, string volume, KeyFingerprint wanted)
    : PeerException(peer, $"the sharing key of volume {volume} was rotated: peer {peer} asks for key {wanted}, which this machine cannot prove; "
        + "on a machine that has it, run \"bazil sharing export NAME FILE\"; here, run \"bazil sharing add NAME <FILE\" and try again")
{
    public string Volume { get; } = volume;

    /// <summary>The key that the peer asks for.</summary>
    public KeyFingerprint Wanted { get; } = wanted;
}
