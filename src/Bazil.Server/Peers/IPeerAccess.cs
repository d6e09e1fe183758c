using Bazil.Core;

namespace Bazil.Server.Peers;

/// <summary>Ends what peers are doing now, after the configuration has taken the permission away. Concurrent; asking for what is not there is fine.</summary>
internal interface IPeerAccess
{
    /// <summary>Closes all connections with the peer, both ways.</summary>
    Task RevokeAsync(PeerId peer);

    void RevokeVolume(PeerId peer, VolumeId volume);

    void RevokeStorage(PeerId peer);
}
