using Bazil.Core;
using Bazil.Peers;
using Bazil.Server.Config;
using Bazil.Server.Errors;

namespace Bazil.Server.Peers;

/// <summary>Connections to the peers that are known here: nobody else is ever called.</summary>
internal sealed class PeerConnections(PeerClient client, ConfigStore config) : IPeerConnections
{
    /// <exception cref="CommandFailedException">The peer was removed.</exception>
    public IPeerConnection Get(PeerId peer) => config.FindPeer(peer) is not null
        ? client.For(peer)
        : throw new CommandFailedException(ErrorKind.NotFound, $"peer {peer} is not known here", $"add it with: bazil peer add {peer}");
}
