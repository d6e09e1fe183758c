using System.Buffers;
using System.Runtime.CompilerServices;
using Bazil.Core;
using Bazil.Peers.Metering;
using Bazil.Peers.Protocol;
using Google.Protobuf;

namespace Bazil.Peers.Calling;

/// <summary>The calling side of one peer: a link for metadata, and another for content.</summary>
internal sealed class PeerConnection : IPeerConnection, IAsyncDisposable
{
    private readonly PeerId _self;
    private readonly TimeProvider _time;
    private readonly LinkSlot _metadata;
    private readonly LinkSlot _content;
    private readonly PeerCaller _caller;
    private readonly VolumeProver _prover;
    private readonly SemaphoreSlim _proving = new(1);

    public PeerConnection(
        PeerId peer, NodeIdentity identity, IPeerAddressBook book, PeerClientOptions options, TimeProvider time, IEntropy entropy, PeerRuns runs, PeerMeter meter)
    {
        Peer = peer;
        _self = identity.PeerId;
        _time = time;
        var dialer = new PeerDialer(peer, identity, book, options, time, runs);
        _metadata = new LinkSlot(peer, dialer);
        _content = new LinkSlot(peer, dialer);
        _caller = new PeerCaller(peer, _metadata, book, options, time, meter, TrafficKind.Metadata);
        _prover = new VolumeProver(entropy);
        Store = new PeerObjectStore(peer, identity.PeerId, new PeerCaller(peer, _content, book, options, time, meter, TrafficKind.Content));
    }

    public PeerId Peer { get; }

    public PeerObjectStore Store { get; }

    public async Task<TimeSpan> PingAsync(CancellationToken cancel)
    {
        var call = _caller.Context("a ping", $"it no longer knows this node: on that machine, run \"bazil peer add {_self}\"", cancel);
        long start = _time.GetTimestamp();
        return await _caller.RunAsync(call, async (link, watch) =>
        {
            await PeerCaller.AskAsync(call, link, watch, PeerPaths.Ping, new Ping(), Ping.Parser);
            watch.Dispose();
            return _time.GetElapsedTime(start);
        });
    }

    public async Task<ConnectedVolume> ConnectVolumeAsync(string name, ISharingKeyProver key, CancellationToken cancel)
    {
        var call = VolumeCall($"volume \"{name}\"", name, cancel);
        await _proving.WaitAsync(cancel);
        try
        {
            return await _caller.RunAsync(call, async (link, watch) =>
            {
                var connected = await _prover.ProveAsync(call, link, watch, new VolumeHello { Name = name }, $"\"{name}\"", key);
                watch.Dispose();
                return connected;
            });
        }
        finally
        {
            _proving.Release();
        }
    }

    public async IAsyncEnumerable<ReadOnlyMemory<byte>> ExchangeAsync(
        VolumeId volume, ISharingKeyProver key, ReadOnlyMemory<byte> request, [EnumeratorCancellation] CancellationToken cancel)
    {
        if (request.Length > Limits.ExchangeRequestBytes)
            throw new ArgumentException($"an exchange request of {request.Length} bytes, allowed are {Limits.ExchangeRequestBytes}");
        var call = VolumeCall($"volume {volume}", "VOLUME", cancel);
        using var answer = await OpenAsync(call, PeerPaths.VolumeExchange, volume, key, request);

        byte[] buffer = [];
        try
        {
            while (await answer.NextAsync() is { } frame)
            {
                if (frame.Kind != FrameKind.Data) throw new PeerProtocolException(Peer, $"a {frame.Kind} frame in the answer of an exchange");
                if (buffer.Length < frame.Length)
                {
                    ArrayPool<byte>.Shared.Return(buffer);
                    buffer = ArrayPool<byte>.Shared.Rent(frame.Length);
                }
                await answer.ReadPayloadAsync(buffer.AsMemory(0, frame.Length));
                yield return buffer.AsMemory(0, frame.Length);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    public async IAsyncEnumerable<ReadOnlyMemory<byte>> WatchAsync(
        VolumeId volume, ISharingKeyProver key, int port, [EnumeratorCancellation] CancellationToken cancel)
    {
        var call = VolumeCall($"volume {volume}", "VOLUME", cancel);
        using var answer = await OpenAsync(call, PeerPaths.VolumeWatch, volume, key, new VolumeWatch { Port = (uint)port }.ToByteArray());
        var allowance = new NoteAllowance(_time);
        var buffer = new byte[Limits.NoteBytes];
        while (await answer.NextAsync() is { } frame)
        {
            if (frame.Kind != FrameKind.Data || frame.Length > Limits.NoteBytes) throw new PeerProtocolException(Peer, $"a {frame.Kind} frame of {frame.Length} bytes in the place of a note");
            if (!allowance.TryTake()) throw new PeerProtocolException(Peer, $"it sends more than {Limits.NotesPerSecond} notes a second");
            await answer.ReadPayloadAsync(buffer.AsMemory(0, frame.Length));
            answer.Relax();
            yield return buffer.AsMemory(0, frame.Length);
        }
    }

    /// <summary>Closes both links at once; the next request connects anew.</summary>
    public void Cut()
    {
        _metadata.Cut();
        _content.Cut();
    }

    public async ValueTask DisposeAsync()
    {
        await _metadata.DisposeAsync();
        await _content.DisposeAsync();
        _proving.Dispose();
    }

    /// <summary>Sends a request about a volume, with a proof of its key before it if need be.</summary>
    private Task<FramedAnswer> OpenAsync(CallContext call, string path, VolumeId volume, ISharingKeyProver key, ReadOnlyMemory<byte> request) =>
        _caller.RunAsync(call, async (link, watch) =>
        {
            _caller.Meter.CountSent(request.Length);

            // The second time round, the peer has forgotten the proof or changed its key since.
            for (int attempt = 0; attempt < 2; attempt++)
            {
                if (attempt > 0 || !link.IsProved(volume, key)) await ProveAsync(call, link, watch, volume, key);
                if (await _caller.OpenAsync(call, link, watch, path + volume, _ => new ReadOnlyMemoryContent(request)) is { } opened) return opened;
            }
            throw new PeerProtocolException(Peer, $"it took the proof for volume {volume} and asks for it again");
        });

    private async Task ProveAsync(CallContext call, PeerLink link, Timing.IdleWatch watch, VolumeId volume, ISharingKeyProver key)
    {
        await _proving.WaitAsync(call.Cancel);
        try
        {
            var id = new byte[VolumeId.Size];
            volume.Write(id);
            await _prover.ProveAsync(call, link, watch, new VolumeHello { Id = ByteString.CopyFrom(id) }, volume.ToString(), key);
        }
        finally
        {
            _proving.Release();
        }
    }

    private CallContext VolumeCall(string what, string name, CancellationToken cancel) => _caller.Context(
        what, $"it has no such volume, or does not allow it to this node: on that machine, run \"bazil peer volume allow {_self} {name}\"", cancel);
}
