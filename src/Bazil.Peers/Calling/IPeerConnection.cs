using Bazil.Core;

namespace Bazil.Peers;

/// <summary>
/// The calling side of one peer. Connects when first used, connects again after a failure, and keeps metadata and content on
/// separate TCP connections, so that metadata never waits behind content. Concurrent.
/// <para>Failures: <see cref="PeerUnreachableException"/>, <see cref="PeerRefusedException"/>, <see cref="WrongSharingKeyException"/>,
/// <see cref="RotatedKeyException"/>, <see cref="PeerBehindException"/>,
/// <see cref="PeerProtocolException"/>, all <see cref="PeerException"/>s.</para>
/// </summary>
public interface IPeerConnection
{
    PeerId Peer { get; }

    /// <summary>Asks for a sign of life and returns the time it took.</summary>
    Task<TimeSpan> PingAsync(CancellationToken cancel);

    /// <summary>Finds the peer's volume of this name; both sides prove that they know its sharing key before anything else is said.</summary>
    /// <exception cref="PeerRefusedException">No such volume, or not for us: the peer does not say which.</exception>
    /// <exception cref="WrongSharingKeyException">One side could not prove the key.</exception>
    Task<ConnectedVolume> ConnectVolumeAsync(string name, ISharingKeyProver key, CancellationToken cancel);

    /// <summary>
    /// Sends an opaque request about a volume and yields the frames of the answer, each lent until the next MoveNextAsync. Proves the key first when this
    /// connection has not yet done so. Ends normally only if the answer was complete. Not retried once the first frame has arrived.
    /// </summary>
    IAsyncEnumerable<ReadOnlyMemory<byte>> ExchangeAsync(
        VolumeId volume, ISharingKeyProver key, ReadOnlyMemory<byte> request, CancellationToken cancel);

    /// <summary>
    /// Listens to the peer's notes about a volume, each lent until the next MoveNextAsync, the first of them at once. Goes on until it is cancelled, the connection ends, or the
    /// peer sends more of them than <see cref="Limits.NotesPerSecond"/>. Proves the key first when this connection has not yet done so.
    /// </summary>
    /// <param name="volume">The volume.</param>
    /// <param name="key">Its sharing key.</param>
    /// <param name="port">Where this node listens, for the peer to call back.</param>
    /// <param name="cancel">Ends it.</param>
    IAsyncEnumerable<ReadOnlyMemory<byte>> WatchAsync(VolumeId volume, ISharingKeyProver key, int port, CancellationToken cancel);

    /// <summary>The store this peer offers us, named <c>peerkey:…</c>.</summary>
    PeerObjectStore Store { get; }
}
