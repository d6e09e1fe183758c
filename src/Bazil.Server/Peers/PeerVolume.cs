using System.Runtime.CompilerServices;
using Bazil.Core;
using Bazil.Peers;
using Bazil.Server.Volumes;

namespace Bazil.Server.Peers;

/// <summary>A volume as an allowed peer may use it. The volume is opened when the peer first asks something of it.</summary>
internal sealed class PeerVolume(VolumeRegistry volumes, VolumeId id, ISharingKeyProver key) : IPeerVolume
{
    public VolumeId Id => id;

    public ISharingKeyProver Key => key;

    public async IAsyncEnumerable<ReadOnlyMemory<byte>> ExchangeAsync(
        PeerId peer, ReadOnlyMemory<byte> request, [EnumeratorCancellation] CancellationToken cancel)
    {
        OpenVolume volume = await volumes.OpenAsync(id, cancel);
        await using IAsyncEnumerator<ReadOnlyMemory<byte>> frames = volume.Volume.ServeAsync(peer, request, cancel).GetAsyncEnumerator(cancel);
        while (true)
        {
            try
            {
                if (!await frames.MoveNextAsync()) break;
            }
            catch (WireFormatException e)
            {
                throw new PeerProtocolException(peer, e.Message, e);
            }

            yield return frames.Current;
        }
    }
}
