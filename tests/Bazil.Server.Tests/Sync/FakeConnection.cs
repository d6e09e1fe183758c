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

    /// <summary>Waits until it has been called once more.</summary>
    public ValueTask<bool> CalledAsync(CancellationToken cancel) => _calls.Reader.ReadAsync(cancel);

    public IPeerConnection Get(PeerId id) => this;

    public Task<TimeSpan> PingAsync(CancellationToken cancel) => throw new NotSupportedException();

    public Task<ConnectedVolume> ConnectVolumeAsync(string name, ISharingKeyProver key, CancellationToken cancel) => throw new NotSupportedException();

    public IAsyncEnumerable<ReadOnlyMemory<byte>> ExchangeAsync(VolumeId volume, ISharingKeyProver key, ReadOnlyMemory<byte> request, CancellationToken cancel)
    {
        Pulls.Enqueue(caller);
        return there.ServeAsync(caller, request, cancel);
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
