using System.Runtime.CompilerServices;
using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.FileSystem.Epochs;
using Bazil.Peers;
using Bazil.Server.Volumes;

namespace Bazil.Server.Peers;

/// <summary>A volume as an allowed peer may use it. The volume is opened when the peer first asks something of it.</summary>
internal sealed class PeerVolume(VolumeRegistry volumes, VolumeId id, VolumeEpochs provers, KeyEpochList epochs, KeyNotes notes) : IPeerVolume
{
    public VolumeId Id => id;

    public KeyEpoch Epoch => epochs.Newest;

    public ISharingKeyProver? Key => provers.FindProver(Epoch.Key);

    public ISharingKeyProver? FindOlderKey(KeyFingerprint key) => epochs.IsOlder(key) ? provers.FindProver(key) : null;

    public void NoteOtherKey(PeerId peer, KeyFingerprint key, bool isOlder)
    {
        // A key that is here and not of this volume is a mistake over there, and says nothing about a rotation.
        if (isOlder) notes.LackThere(id, peer, Epoch.Key);
        else if (provers.FindProver(key) is null) notes.LackHere(id, peer, key);
    }

    public async IAsyncEnumerable<ReadOnlyMemory<byte>> ExchangeAsync(
        PeerId peer, ReadOnlyMemory<byte> request, [EnumeratorCancellation] CancellationToken cancel)
    {
        notes.Clear(id, peer);
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
