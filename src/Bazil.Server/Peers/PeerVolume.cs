using System.Net;
using System.Runtime.CompilerServices;
using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.Peers;
using Bazil.Server.Config;
using Bazil.Server.Sync;
using Bazil.Server.Volumes;

namespace Bazil.Server.Peers;

/// <summary>A volume as an allowed peer may use it. The volume is opened when the peer first asks something of it.</summary>
internal sealed class PeerVolume(VolumeRegistry volumes, VolumeConfig volume, VolumeEpochs epochs, KeyNotes notes, SyncService sync) : IPeerVolume
{
    public VolumeId Id => volume.Id;

    public KeyEpoch Epoch => epochs.Of(volume).Newest;

    public ISharingKeyProver? Key => epochs.FindProver(Epoch.Key);

    public ISharingKeyProver? FindOlderKey(KeyFingerprint key) => epochs.IsOlder(volume, key) ? epochs.FindProver(key) : null;

    public void NoteOtherKey(PeerId peer, KeyFingerprint key, bool isOlder)
    {
        // A key that is here and not of this volume is a mistake over there, and says nothing about a rotation.
        if (isOlder || epochs.IsOlder(volume, key)) notes.LackThere(Id, peer, Epoch.Key);
        else if (epochs.FindProver(key) is null) notes.LackHere(Id, peer, key);
    }

    public IAsyncEnumerable<ReadOnlyMemory<byte>> WatchAsync(PeerId peer, IPEndPoint? address, CancellationToken cancel) => sync.ListenAsync(Id, peer, address, cancel);

    public async IAsyncEnumerable<ReadOnlyMemory<byte>> ExchangeAsync(
        PeerId peer, ReadOnlyMemory<byte> request, [EnumeratorCancellation] CancellationToken cancel)
    {
        notes.Clear(Id, peer);
        sync.Saw(Id, peer);
        OpenVolume open = await volumes.OpenAsync(Id, cancel);
        await using IAsyncEnumerator<ReadOnlyMemory<byte>> frames = open.Volume.ServeAsync(peer, request, cancel).GetAsyncEnumerator(cancel);
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
