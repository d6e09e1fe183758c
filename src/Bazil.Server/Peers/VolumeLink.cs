using Bazil.Core;
using Bazil.FileSystem.Sync;
using Bazil.Peers;

namespace Bazil.Server.Peers;

/// <summary>The way to a member of a volume, over the connection to that peer. The sharing key is proven by the connection.</summary>
internal sealed class VolumeLink(IPeerConnection connection, VolumeId volume, ISharingKeyProver key) : IVolumeLink
{
    public PeerId Peer => connection.Peer;

    public IAsyncEnumerable<ReadOnlyMemory<byte>> RequestAsync(ReadOnlyMemory<byte> request, CancellationToken cancel) =>
        connection.ExchangeAsync(volume, key, request, cancel);
}
