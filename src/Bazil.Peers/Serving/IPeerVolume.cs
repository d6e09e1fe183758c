using Bazil.Core;
using Bazil.Core.Crypto;

namespace Bazil.Peers;

/// <summary>A volume as one allowed peer may use it. Concurrent.</summary>
public interface IPeerVolume
{
    VolumeId Id { get; }

    /// <summary>The epoch whose key must be proved: the newest. Taken anew for each proof.</summary>
    KeyEpoch Epoch { get; }

    /// <summary>Proves and checks that key; null when this node lacks it, and so can serve nobody.</summary>
    ISharingKeyProver? Key { get; }

    /// <summary>Checks a key that the volume had before a rotation; null when it had no such key, or this node lacks it.</summary>
    ISharingKeyProver? FindOlderKey(KeyFingerprint key);

    /// <summary>The peer came with another key, for people to be told: an older one, which it has proved, or one that is not known here.</summary>
    void NoteOtherKey(PeerId peer, KeyFingerprint key, bool isOlder);

    /// <summary>
    /// Answers one request of a peer that has proved the sharing key on this connection. Request and frames are opaque to the transport.
    /// A frame holds 1 to <see cref="Limits.FrameBytes"/> bytes and is lent until the next MoveNextAsync; the stream is pulled only as fast as the peer
    /// reads. A <see cref="PeerProtocolException"/> says that the request makes no sense; any other exception is this node's failure.
    /// </summary>
    IAsyncEnumerable<ReadOnlyMemory<byte>> ExchangeAsync(PeerId peer, ReadOnlyMemory<byte> request, CancellationToken cancel);

    /// <summary>
    /// Tells a peer that has proved the sharing key of changes, for as long as it listens: a note at once, and one more whenever something has changed, a few at a
    /// time. Notes are opaque to the transport, 1 to <see cref="Limits.NoteBytes"/> bytes, and lent until the next MoveNextAsync.
    /// </summary>
    /// <param name="peer">Who listens.</param>
    /// <param name="address">Where the peer says that it can be called itself; null when it does not say.</param>
    /// <param name="cancel">Ends it.</param>
    IAsyncEnumerable<ReadOnlyMemory<byte>> WatchAsync(PeerId peer, System.Net.IPEndPoint? address, CancellationToken cancel);
}
