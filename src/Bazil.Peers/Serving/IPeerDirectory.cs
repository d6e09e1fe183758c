using Bazil.Core;

namespace Bazil.Peers;

/// <summary>Which peers this node knows. Asked during every TLS handshake and again for every request; concurrent, must not block for long.</summary>
public interface IPeerDirectory
{
    /// <summary>True when <paramref name="peer"/> was added and not removed since. A peer that is not known cannot send a single request.</summary>
    bool IsKnown(PeerId peer);
}
