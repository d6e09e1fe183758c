using Bazil.Core;

namespace Bazil.Peers;

/// <summary>A volume as one allowed peer may use it. Concurrent.</summary>
public interface IPeerVolume
{
    VolumeId Id { get; }

    /// <summary>Proves and checks the volume's sharing key. Taken anew for each proof.</summary>
    ISharingKeyProver Key { get; }

    /// <summary>
    /// Answers one request of a peer that has proved the sharing key on this connection. Request and frames are opaque to the transport.
    /// A frame holds 1 to <see cref="Limits.FrameBytes"/> bytes and is lent until the next MoveNextAsync; the stream is pulled only as fast as the peer
    /// reads. A <see cref="PeerProtocolException"/> says that the request makes no sense; any other exception is this node's failure.
    /// </summary>
    IAsyncEnumerable<ReadOnlyMemory<byte>> ExchangeAsync(PeerId peer, ReadOnlyMemory<byte> request, CancellationToken cancel);
}
