using Bazil.Core;

namespace Bazil.Peers;

/// <summary>No address answered, the connection broke, or the peer stopped answering. May be retried.</summary>
public sealed class PeerUnreachableException(PeerId peer, IReadOnlyList<string> addresses, string reason, Exception? inner = null)
    : PeerException(peer, Describe(peer, addresses, reason), inner)
{
    /// <summary>The addresses tried; empty when none is known.</summary>
    public IReadOnlyList<string> Addresses { get; } = addresses;

    public string Reason { get; } = reason;

    private static string Describe(PeerId peer, IReadOnlyList<string> addresses, string reason) => addresses.Count == 0
        ? $"peer {peer} cannot be reached: no address is known; set one with \"bazil peer location set {peer} HOST:PORT\""
        : $"peer {peer} at {string.Join(", ", addresses)} cannot be reached: {reason}";
}
