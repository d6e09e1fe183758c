using Bazil.Core;
using Bazil.Peers;

namespace Bazil.Server.Peers;

/// <summary>The calling side of all peers.</summary>
internal interface IPeerConnections
{
    /// <summary>The connection to a peer; not to be disposed. It connects when first used.</summary>
    IPeerConnection Get(PeerId peer);
}
