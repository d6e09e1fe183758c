using System.Runtime.CompilerServices;
using Bazil.Core;
using Bazil.FileSystem.Sync;
using Bazil.Peers;
using Bazil.Server.Volumes;

namespace Bazil.Server.Peers;

/// <summary>The way to a member of a volume, over the connection to that peer. The sharing key is proven by the connection; what one side lacks is noted.</summary>
internal sealed class VolumeLink(IPeerConnection connection, VolumeId volume, ISharingKeyProver key, KeyNotes notes) : IVolumeLink
{
    public PeerId Peer => connection.Peer;

    /// <summary>Told how many bytes came.</summary>
    public Action<int> Received { get; init; } = static _ => { };

    /// <summary>Told when it is the peer's turn to send something, and when it is not any more.</summary>
    public Action<bool> Waiting { get; init; } = static _ => { };

    /// <summary>Told how far a pull is.</summary>
    public Action<PullProgress> Progressed { get; init; } = static _ => { };

    public void Report(PullProgress progress) => Progressed(progress);

    public async IAsyncEnumerable<ReadOnlyMemory<byte>> RequestAsync(ReadOnlyMemory<byte> request, [EnumeratorCancellation] CancellationToken cancel)
    {
        await using IAsyncEnumerator<ReadOnlyMemory<byte>> frames = connection.ExchangeAsync(volume, key, request, cancel).GetAsyncEnumerator(cancel);
        while (await MoveNextAsync(frames))
        {
            Received(frames.Current.Length);
            yield return frames.Current;
        }
    }

    private async ValueTask<bool> MoveNextAsync(IAsyncEnumerator<ReadOnlyMemory<byte>> frames)
    {
        Waiting(true);
        try
        {
            bool isThere = await frames.MoveNextAsync();
            notes.Clear(volume, Peer);
            return isThere;
        }
        catch (RotatedKeyException e)
        {
            notes.LackHere(volume, Peer, e.Wanted);
            throw;
        }
        catch (PeerBehindException e)
        {
            notes.LackThere(volume, Peer, e.Needed);
            throw;
        }
        finally
        {
            Waiting(false);
        }
    }
}
