using Bazil.Core;
using Bazil.Peers;

namespace Bazil.Server.Peers;

/// <summary>Revocation on the serving and the calling side.</summary>
internal sealed class PeerAccess(PeerServer server, PeerClient client) : IPeerAccess
{
    public async Task RevokeAsync(PeerId peer)
    {
        server.Revoke(peer);
        await client.DisconnectAsync(peer);
    }

    public void RevokeVolume(PeerId peer, VolumeId volume) => server.RevokeVolume(peer, volume);

    public void RevokeStorage(PeerId peer) => server.RevokeStorage(peer);
}
