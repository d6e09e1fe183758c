using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Bazil.Core;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Sync;
using Bazil.Peers;
using Bazil.Server.Peers;

namespace Bazil.Server.Tests.Sync;

/// <summary>A peer that can be reached or not, as a test says, with a volume of its own.</summary>
internal sealed class FakeConnection(PeerId peer, Volume there, PeerId caller) : IPeerConnection, IPeerConnections
{
    private readonly Channel<bool> _calls = Channel.CreateUnbounded<bool>();

    public PeerId Peer => peer;

    public PeerObjectStore Store => throw new NotSupportedException();

    /// <summary>Why the peer cannot be reached; null when it can.</summary>
    public string? Unreachable { get; set; }

    /// <summary>The notes that it sends on the present connection.</summary>
    public Channel<byte[]> Notes { get; private set; } = Channel.CreateUnbounded<byte[]>();

    /// <summary>Pulls that were made of it.</summary>
    public ConcurrentQueue<PeerId> Pulls { get; } = [];

    /// <summary>Answers of pulls end after their first frame without an end, for as long as it is there: it is completed when the first one is waited for.</summary>
    public TaskCompletionSource? Silence { get; set; }

    /// <summary>The connections to other peers.</summary>
    public Dictionary<PeerId, FakeConnection> Others { get; } = [];

    /// <summary>Waits until it has been called once more.</summary>
    public ValueTask<bool> CalledAsync(CancellationToken cancel) => _calls.Reader.ReadAsync(cancel);

    public IPeerConnection Get(PeerId id) => Others.GetValueOrDefault(id, this);

    public Task<TimeSpan> PingAsync(CancellationToken cancel) => throw new NotSupportedException();

    public Task<ConnectedVolume> ConnectVolumeAsync(string name, ISharingKeyProver key, CancellationToken cancel) => throw new NotSupportedException();

    public async IAsyncEnumerable<ReadOnlyMemory<byte>> ExchangeAsync(VolumeId volume, ISharingKeyProver key, ReadOnlyMemory<byte> request, [EnumeratorCancellation] CancellationToken cancel)
    {
        Pulls.Enqueue(caller);
        await foreach (ReadOnlyMemory<byte> frame in there.ServeAsync(caller, request, cancel))
        {
            yield return frame;
            if (Silence is not { } silence) continue;
            silence.TrySetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancel);
        }
    }

    public async IAsyncEnumerable<ReadOnlyMemory<byte>> WatchAsync(VolumeId volume, ISharingKeyProver key, int port, [EnumeratorCancellation] CancellationToken cancel)
    {
        Notes = Channel.CreateUnbounded<byte[]>();
        _calls.Writer.TryWrite(true);
        if (Unreachable is { } reason) throw new PeerUnreachableException(peer, ["192.0.2.1:1"], reason);
        yield return there.Note(out _).Encode();
        await foreach (byte[] note in Notes.Reader.ReadAllAsync(cancel)) yield return note;
    }
}
