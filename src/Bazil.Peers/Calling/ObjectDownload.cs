using Bazil.Core;
using Bazil.Peers.Protocol;
using Google.Protobuf;

namespace Bazil.Peers.Calling;

/// <summary>
/// One request for objects and its answer. When the connection breaks after it brought something, the rest is asked for anew on the next one, within an
/// object from the byte where it stopped. Not for concurrent use.
/// </summary>
/// <param name="caller">The link for content.</param>
/// <param name="call">What it is about, for messages.</param>
/// <param name="ids">1 to <see cref="Limits.IdsPerRequest"/>.</param>
internal sealed class ObjectDownload(PeerCaller caller, CallContext call, IReadOnlyList<ObjectId> ids) : IDisposable
{
    private readonly ObjectBody _body = new();
    private FramedAnswer? _answer;
    private int _next;
    private int _resumes;
    private bool _hasMoved;

    /// <summary>The next object in the order asked for; null after the last, when the peer has said that all of it came.</summary>
    public async Task<PeerObject?> NextAsync()
    {
        while (_next < ids.Count)
        {
            int filled = _body.Filled;
            PeerObject found = default;
            try
            {
                _answer ??= await OpenAsync();
                found = await ReadAsync(_answer, ids[_next]);
                if (_next == ids.Count - 1) await EndAsync(_answer);
                _next++;
                _hasMoved = true;
                return found;
            }
            catch (PeerUnreachableException) when ((_hasMoved || _body.Filled > filled) && _resumes < Limits.ResumesPerRequest && !call.Cancel.IsCancellationRequested)
            {
                found.Content?.Dispose();
                _resumes++;
                _hasMoved = false;
                _answer?.Dispose();
                _answer = null;
            }
            catch
            {
                found.Content?.Dispose();
                throw;
            }
        }

        return null;
    }

    public void Dispose()
    {
        _answer?.Dispose();
        _body.Dispose();
    }

    private Task<FramedAnswer> OpenAsync()
    {
        var message = new ObjectIds { ResumeOffset = (ulong)_body.Filled, ResumeLength = _body.Filled > 0 ? (ulong)_body.Length : 0 };
        foreach (var id in ids.Skip(_next)) message.Ids.Add(ByteString.CopyFrom(id.Span));
        byte[] request = message.ToByteArray();
        return caller.OpenAsync(call, PeerPaths.ObjectsGet, _ => new ByteArrayContent(request));
    }

    private async Task<PeerObject> ReadAsync(FramedAnswer answer, ObjectId id)
    {
        var frame = await answer.NextAsync();
        switch (frame?.Kind)
        {
            case FrameKind.Missing: return Without(PeerObjectState.Missing);
            case FrameKind.Damaged: return Without(PeerObjectState.Damaged);
            case FrameKind.Unavailable: return Without(PeerObjectState.Unavailable);
            case FrameKind.Object:
                var head = ReadHead(await answer.ReadPayloadAsync(frame.Value));
                if (!head.Id.Span.SequenceEqual(id.Span)) throw Nonsense();
                return new PeerObject(id, PeerObjectState.Found, await answer.ReadObjectAsync(_body, head));
            default: throw Nonsense();
        }

        PeerObject Without(PeerObjectState state)
        {
            _body.Reset(); // what came of it before the link broke is no beginning of the next one
            return new PeerObject(id, state, null);
        }
    }

    private async Task EndAsync(FramedAnswer answer)
    {
        if (await answer.NextAsync() is not null) throw Nonsense();
    }

    private ObjectHead ReadHead(byte[] payload)
    {
        try
        {
            return ObjectHead.Parser.ParseFrom(payload);
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new PeerProtocolException(call.Peer, "its answer makes no sense: " + e.Message, e);
        }
    }

    private PeerProtocolException Nonsense() => new(call.Peer, "its answer is not about the objects asked for");
}
