using System.Buffers;
using Bazil.Core;
using Bazil.Peers.Metering;
using Bazil.Peers.Protocol;
using Bazil.Peers.Timing;
using Bazil.Storage.Stores;
using Google.Protobuf;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Bazil.Peers.Serving;

/// <summary>Objects: get, has, put, sync over the store that the daemon offers the peer; list and release of what the peer put itself.</summary>
internal sealed partial class ObjectEndpoints(IPeerService service, Endpoint endpoint, SessionRegistry sessions, ILogger log)
{
    /// <summary>Reads from the store begun ahead of the one being sent.</summary>
    private const int ReadAhead = 4;

    private readonly GroupSync _sync = new();

    public async Task<int> GetAsync(PeerSession session, HttpContext context)
    {
        using var flight = session.Begin(context, FlightKind.Storage);
        if (Offered(session) is not { } store) return PeerStatus.Refused;
        using var watch = endpoint.Watch(context);
        var asked = await Endpoint.ReadMessageAsync(context, watch, ObjectIds.Parser);
        if (ReadIds(asked.Ids) is not { } ids) return PeerStatus.Malformed;

        var frames = endpoint.Frames(context, watch, session, TrafficKind.Content);
        var reads = new Queue<Task<IMemoryOwner<byte>?>>();
        int begun = 0;
        try
        {
            for (int sent = 0; sent < ids.Length; sent++)
            {
                while (begun < ids.Length && reads.Count < ReadAhead)
                {
                    var read = ReadAsync(store, ids[begun++], watch.Token);
                    reads.Enqueue(read);
                }
                await SendObjectAsync(frames, session, ids[sent], reads.Dequeue(), sent == 0 ? asked : null, watch.Token);
            }
            frames.Write(FrameKind.End, []);
        }
        finally
        {
            foreach (var read in reads) await DisposeAsync(read);
        }
        return PeerStatus.Ok;
    }

    public async Task<int> HasAsync(PeerSession session, HttpContext context)
    {
        using var flight = session.Begin(context, FlightKind.Storage);
        if (Offered(session) is not { } store) return PeerStatus.Refused;
        using var watch = endpoint.Watch(context);
        if (ReadIds((await Endpoint.ReadMessageAsync(context, watch, ObjectIds.Parser)).Ids) is not { } ids) return PeerStatus.Malformed;

        var frames = endpoint.Frames(context, watch, session, TrafficKind.Content);
        var present = new byte[ids.Length];
        return await GuardAsync(session, "has", frames, watch, async () =>
        {
            for (int i = 0; i < present.Length; i++)
                present[i] = await frames.AwaitAsync(store.HasAsync(ids[i], watch.Token)) ? (byte)1 : (byte)0;
            frames.Write(FrameKind.Data, present);
        });
    }

    public async Task<int> SyncAsync(PeerSession session, HttpContext context)
    {
        using var flight = session.Begin(context, FlightKind.Storage);
        if (Offered(session) is not { } store) return PeerStatus.Refused;
        using var watch = endpoint.Watch(context);
        await Endpoint.ReadAllAsync(context, watch, 0);
        var frames = endpoint.Frames(context, watch, session, TrafficKind.Content);
        return await GuardAsync(session, "sync", frames, watch, async () => await frames.AwaitAsync(_sync.SyncAsync(store, watch.Token)));
    }

    /// <summary>Stores objects as they arrive. The end of the answer is the acknowledgement: all of them are durable then.</summary>
    public async Task<int> PutAsync(PeerSession session, HttpContext context)
    {
        using var flight = session.Begin(context, FlightKind.Storage);
        if (Offered(session) is not { } store) return PeerStatus.Refused;
        if (!sessions.TryBeginPut(session.Peer)) return PeerStatus.TooMany;
        try
        {
            Endpoint.Allow(context, Limits.PutRequestBytes);
            using var watch = endpoint.Watch(context);
            using var input = new FrameReader(context.Request.Body, watch, endpoint.MeterOf(session), TrafficKind.Content);
            var frames = endpoint.Frames(context, watch, session, TrafficKind.Content);
            await frames.FlushAsync(); // signs of life may have to go out while the request still comes in
            return await GuardAsync(session, "put", frames, watch, async () =>
            {
                await StoreAllAsync(store, session.Peer, RequestOrder.Of(session, context), input, frames, watch);
                await frames.AwaitAsync(_sync.SyncAsync(store, watch.Token));
            });
        }
        finally
        {
            sessions.EndPut(session.Peer);
        }
    }

    private async Task StoreAllAsync(IObjectStore store, PeerId peer, RequestOrder order, FrameReader input, FrameStream frames, IdleWatch watch)
    {
        using var body = new ObjectBody();
        while (true)
        {
            var header = await input.NextAsync() ?? throw new MalformedFrameException("a put ended without its end");
            if (header.Kind == FrameKind.End) break;
            if (header.Kind != FrameKind.Object) throw new MalformedFrameException($"{header.Kind} frame where an object should begin");
            var head = ObjectHead.Parser.ParseFrom(await input.ReadPayloadAsync(header));
            if (head.Id.Length != ObjectId.Size) throw new MalformedFrameException($"an object id of {head.Id.Length} bytes");
            body.Begin(head.Length, offset: 0);
            using var bytes = await body.ReadAsync(input, isPaced: false);
            await frames.AwaitAsync(input.PaceAsync().AsTask());
            await frames.AwaitAsync(PutAsync(store, peer, new ObjectId(head.Id.Span), bytes.Memory, order, watch.Token));
        }
        if (await input.NextAsync() is not null) throw new MalformedFrameException("bytes after the end of a put");
    }

    private async Task SendObjectAsync(
        FrameStream frames, PeerSession session, ObjectId id, Task<IMemoryOwner<byte>?> read, ObjectIds? resumed, CancellationToken cancel)
    {
        try
        {
            await frames.AwaitAsync(read);
            if (await read is not { } found)
            {
                frames.Write(FrameKind.Missing, []);
                return;
            }
            var bytes = found.Memory;
            // Another length is another encoding of the same content: its bytes do not go on where those stopped.
            bool goesOn = resumed is not null && resumed.ResumeLength == (ulong)bytes.Length && resumed.ResumeOffset < resumed.ResumeLength;
            int start = goesOn ? (int)resumed!.ResumeOffset : 0;
            frames.Write(FrameKind.Object, new ObjectHead { Id = ByteString.CopyFrom(id.Span), Length = (ulong)bytes.Length, Offset = (ulong)start }.ToByteArray());
            for (int offset = start; offset < bytes.Length; offset += Limits.DataFrameBytes)
            {
                await frames.SendAsync(FrameKind.Data, bytes.Slice(offset, Math.Min(Limits.DataFrameBytes, bytes.Length - offset)));
            }
        }
        catch (CorruptObjectException e)
        {
            PeerLog.Failed(log, e, session.Peer, "reading an object");
            frames.Write(FrameKind.Damaged, []);
        }
        catch (Exception e) when (read.IsFaulted && !cancel.IsCancellationRequested)
        {
            // The store's failure: logged here, and the peer learns that this object cannot be had at the moment.
            PeerLog.Failed(log, e, session.Peer, "reading an object");
            frames.Write(FrameKind.Unavailable, []);
        }
        finally
        {
            await DisposeAsync(read);
        }
    }

    /// <summary>Runs the work of an answer and ends it with End, or with the reason why not.</summary>
    private async Task<int> GuardAsync(PeerSession session, string what, FrameStream frames, IdleWatch watch, Func<Task> work)
    {
        FrameKind last = FrameKind.Failed;
        FailureCode code = FailureCode.Internal;
        try
        {
            await work();
            last = FrameKind.End;
        }
        catch (Exception e) when (e is MalformedFrameException or InvalidProtocolBufferException)
        {
            PeerLog.Malformed(log, session.Peer, e.Message);
            code = e is MalformedFrameException { TooLarge: true } ? FailureCode.TooLarge : FailureCode.Malformed;
        }
        catch (BadHttpRequestException e) when (e.StatusCode == PeerStatus.TooLarge)
        {
            PeerLog.Malformed(log, session.Peer, e.Message);
            code = FailureCode.TooLarge;
        }
        catch (Exception e) when (e is not (OperationCanceledException or BadHttpRequestException) && !watch.Token.IsCancellationRequested)
        {
            // The store's failure: logged here, and the peer learns only that there was one.
            PeerLog.Failed(log, e, session.Peer, what);
        }
        if (last == FrameKind.End) frames.Write(last, []);
        else frames.Write(last, [(byte)code]);
        return PeerStatus.Ok;
    }

    private IObjectStore? Offered(PeerSession session) => service.IsKnown(session.Peer) ? service.StoreFor(session.Peer) : null;

    private static async Task<IMemoryOwner<byte>?> ReadAsync(IObjectStore store, ObjectId id, CancellationToken cancel)
    {
        var found = await store.GetAsync(id, cancel);
        if (found is null || found.Memory.Length <= Limits.ObjectBytes) return found;
        found.Dispose();
        throw new StoreException($"object {id} is larger than the peer protocol carries ({Limits.ObjectBytes} bytes)");
    }

    private static async Task DisposeAsync(Task<IMemoryOwner<byte>?> read)
    {
        await ((Task)read).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (read.IsCompletedSuccessfully) (await read)?.Dispose();
    }

    /// <summary>The ids of a request, or null when it makes no sense.</summary>
    public static ObjectId[]? ReadIds(IReadOnlyList<ByteString> given)
    {
        if (given.Count is 0 or > Limits.IdsPerRequest) return null;
        var ids = new ObjectId[given.Count];
        for (int i = 0; i < ids.Length; i++)
        {
            if (given[i].Length != ObjectId.Size) return null;
            ids[i] = new ObjectId(given[i].Span);
        }
        return ids;
    }
}
