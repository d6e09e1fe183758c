using Bazil.Peers.Metering;
using Bazil.Peers.Protocol;
using Bazil.Peers.Timing;

namespace Bazil.Peers.Calling;

/// <summary>
/// The frames of one answer, with every failure turned into a <see cref="PeerException"/>. Owns the response and the watch. Not for concurrent use.
/// </summary>
internal sealed class FramedAnswer : IDisposable
{
    private readonly CallContext _call;
    private readonly HttpResponseMessage _response;
    private readonly IdleWatch _watch;

    private FramedAnswer(CallContext call, HttpResponseMessage owned, Stream body, IdleWatch ownedWatch, PeerMeter meter, TrafficKind kind)
    {
        _call = call;
        _response = owned;
        _watch = ownedWatch;
        Frames = new FrameReader(body, ownedWatch, meter, kind);
    }

    private FrameReader Frames { get; }

    public static async Task<FramedAnswer> OpenAsync(CallContext call, HttpResponseMessage owned, IdleWatch ownedWatch, PeerMeter meter, TrafficKind kind) =>
        new(call, owned, await owned.Content.ReadAsStreamAsync(ownedWatch.Token), ownedWatch, meter, kind);

    /// <summary>From now on the peer may be silent for as long as it likes.</summary>
    public void Relax() => _watch.Relax();

    /// <summary>The next frame; null after the end. An answer that was cut is an error.</summary>
    public async ValueTask<FrameHeader?> NextAsync()
    {
        try
        {
            await Frames.PaceAsync();
            var next = await Frames.NextAsync() ?? throw new MalformedFrameException("the answer was cut");
            if (next.Kind == FrameKind.End)
                return await Frames.NextAsync() is null ? null : throw new MalformedFrameException("something follows the end");
            if (next.Kind != FrameKind.Failed) return next;
            throw _call.Failed((FailureCode)(await Frames.ReadPayloadAsync(next))[0]);
        }
        catch (Exception e) when (e is not PeerException)
        {
            throw _call.Map(e, _watch);
        }
    }

    public async ValueTask ReadPayloadAsync(Memory<byte> destination)
    {
        try
        {
            await Frames.ReadPayloadAsync(destination);
        }
        catch (Exception e)
        {
            throw _call.Map(e, _watch);
        }
    }

    public async ValueTask<byte[]> ReadPayloadAsync(FrameHeader header)
    {
        var payload = new byte[header.Length];
        await ReadPayloadAsync(payload.AsMemory());
        return payload;
    }

    /// <summary>Reads what is missing of an object; what has arrived before a failure stays in the body.</summary>
    public async ValueTask<PooledBytes> ReadObjectAsync(ObjectBody body, ObjectHead head)
    {
        try
        {
            body.Begin(head.Length, head.Offset);
            return await body.ReadAsync(Frames, isPaced: true);
        }
        catch (Exception e)
        {
            throw _call.Map(e, _watch);
        }
    }

    public void Dispose()
    {
        _response.Dispose();
        Frames.Dispose();
        _watch.Dispose();
    }
}
