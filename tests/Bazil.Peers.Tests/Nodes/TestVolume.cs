using System.Runtime.CompilerServices;
using Bazil.Core;
using Bazil.Core.Crypto;

namespace Bazil.Peers.Tests.Nodes;

/// <summary>A volume whose exchange is what a test says it is.</summary>
internal sealed class TestVolume(VolumeId id, ISharingKeyProver key) : IPeerVolume
{
    public VolumeId Id { get; } = id;

    /// <summary>The key of the newest epoch; null for a node that lacks it.</summary>
    public ISharingKeyProver? Key { get; set; } = key;

    public KeyEpoch Epoch { get; set; } = new(1, key.Fingerprint);

    public List<ISharingKeyProver> OlderKeys { get; } = [];

    /// <summary>What peers came with instead.</summary>
    public List<(PeerId Peer, KeyFingerprint Key, bool IsOlder)> OtherKeys { get; } = [];

    /// <summary>Goes on to another key.</summary>
    public void Rotate(ISharingKeyProver next)
    {
        OlderKeys.Add(Key!);
        Key = next;
        Epoch = new KeyEpoch(Epoch.Generation + 1, next.Fingerprint);
    }

    public ISharingKeyProver? FindOlderKey(KeyFingerprint wanted) => OlderKeys.Find(older => older.Fingerprint == wanted);

    public void NoteOtherKey(PeerId peer, KeyFingerprint other, bool isOlder) => OtherKeys.Add((peer, other, isOlder));

    /// <summary>Sends the request back unless a test sets another.</summary>
    public Func<ReadOnlyMemory<byte>, CancellationToken, IAsyncEnumerable<ReadOnlyMemory<byte>>> Answer { get; set; } = Echo;

    public IAsyncEnumerable<ReadOnlyMemory<byte>> ExchangeAsync(PeerId peer, ReadOnlyMemory<byte> request, CancellationToken cancel) =>
        Answer(request, cancel);

    /// <summary>What is told to those who listen; ends the stream when it is completed.</summary>
    public System.Threading.Channels.Channel<byte[]> Notes { get; } = System.Threading.Channels.Channel.CreateUnbounded<byte[]>();

    /// <summary>What each one who listens is told first; null for nothing.</summary>
    public byte[]? Greeting { get; set; }

    /// <summary>Where those who listen say that they listen themselves.</summary>
    public System.Collections.Concurrent.ConcurrentQueue<System.Net.IPEndPoint?> Watchers { get; } = [];

    public async IAsyncEnumerable<ReadOnlyMemory<byte>> WatchAsync(PeerId peer, System.Net.IPEndPoint? address, [EnumeratorCancellation] CancellationToken cancel)
    {
        Watchers.Enqueue(address);
        if (Greeting is { } greeting) yield return greeting;
        await foreach (byte[] note in Notes.Reader.ReadAllAsync(cancel)) yield return note;
    }

    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> Echo(
        ReadOnlyMemory<byte> request, [EnumeratorCancellation] CancellationToken cancel)
    {
        for (int offset = 0; offset < request.Length; offset += Limits.FrameBytes)
        {
            cancel.ThrowIfCancellationRequested();
            await Task.Yield();
            yield return request.Slice(offset, Math.Min(Limits.FrameBytes, request.Length - offset));
        }
    }
}
