using Bazil.Core;

namespace Bazil.Peers;

/// <summary>Our sharing key for a volume is not the one the peer uses for it. No metadata was exchanged.</summary>
public sealed class WrongSharingKeyException(PeerId peer, string volume, string keyName)
    : PeerException(peer, $"wrong sharing key for volume {volume}: peer {peer} uses a different key than \"{keyName}\"; "
        + "add the right one with \"bazil sharing add NAME\" and name it with -sharing=NAME")
{
    /// <summary>The volume's name, or its id where only that is known.</summary>
    public string Volume { get; } = volume;

    public string KeyName { get; } = keyName;
}
