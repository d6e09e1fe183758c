using Bazil.Core;
using Bazil.Peers.Metering;
using Bazil.Peers.Protocol;
using Bazil.Storage.Stores;
using Microsoft.AspNetCore.Http;

namespace Bazil.Peers.Serving;

/// <summary>What a peer put here itself: it alone knows what of it is still needed (docs/gc.md, "What peers keep for each other").</summary>
internal sealed partial class ObjectEndpoints
{
    private const int StripeCount = 64;

    private readonly LatestPuts _latest = new();

    // Of an object, a put and a release take turns, and a release that was sent before a put does nothing after it.
    private readonly SemaphoreSlim[] _stripes = [.. Enumerable.Range(0, StripeCount).Select(static _ => new SemaphoreSlim(1, 1))];

    /// <summary>The ids of all that the peer put here, in no particular order.</summary>
    public async Task<int> ListAsync(PeerSession session, HttpContext context)
    {
        using var flight = session.Begin(context, FlightKind.Storage);
        if (PutsOf(session) is not { } store) return PeerStatus.Refused;
        using var watch = endpoint.Watch(context);
        await Endpoint.ReadAllAsync(context, watch, 0);
        var frames = endpoint.Frames(context, watch, session, TrafficKind.Content);
        return await GuardAsync(session, "list", frames, watch, async () =>
        {
            var ids = new byte[Limits.DataFrameBytes];
            int length = 0;
            await foreach (var id in store.ListAsync(watch.Token))
            {
                id.Span.CopyTo(ids.AsSpan(length));
                length += ObjectId.Size;
                if (length < ids.Length) continue;
                await frames.SendAsync(FrameKind.Data, ids);
                length = 0;
            }
            if (length > 0) await frames.SendAsync(FrameKind.Data, ids.AsMemory(0, length));
        });
    }

    /// <summary>Deletes what the peer put here and needs no more. The end of the answer is the acknowledgement: it does not come back after a power cut.</summary>
    public async Task<int> DiscardAsync(PeerSession session, HttpContext context)
    {
        using var flight = session.Begin(context, FlightKind.Storage);
        if (PutsOf(session) is not { } store) return PeerStatus.Refused;
        using var watch = endpoint.Watch(context);
        if (ReadIds((await Endpoint.ReadMessageAsync(context, watch, ObjectIds.Parser)).Ids) is not { } ids) return PeerStatus.Malformed;
        var frames = endpoint.Frames(context, watch, session, TrafficKind.Content);
        var order = RequestOrder.Of(session, context);
        var had = new byte[ids.Length];
        return await GuardAsync(session, "discard", frames, watch, async () =>
        {
            for (int i = 0; i < ids.Length; i++) had[i] = await frames.AwaitAsync(DeleteAsync(store, session.Peer, ids[i], order, watch.Token)) ? (byte)1 : (byte)0;
            await frames.AwaitAsync(_sync.SyncAsync(store, watch.Token));
            frames.Write(FrameKind.Data, had);
        });
    }

    private IObjectStore? PutsOf(PeerSession session) => service.IsKnown(session.Peer) ? service.PutsOf(session.Peer) : null;

    private async Task PutAsync(IObjectStore store, PeerId peer, ObjectId id, ReadOnlyMemory<byte> bytes, RequestOrder order, CancellationToken cancel)
    {
        var stripe = StripeOf(id);
        await stripe.WaitAsync(cancel);
        try
        {
            _latest.Note(peer, id, order);
            await store.PutAsync(id, bytes, cancel);
        }
        finally
        {
            stripe.Release();
        }
    }

    private async ValueTask<bool> DeleteAsync(IObjectStore store, PeerId peer, ObjectId id, RequestOrder order, CancellationToken cancel)
    {
        var stripe = StripeOf(id);
        await stripe.WaitAsync(cancel);
        try
        {
            cancel.ThrowIfCancellationRequested();
            return _latest.IsLater(peer, id, order) && await store.DeleteAsync(id, cancel);
        }
        finally
        {
            stripe.Release();
        }
    }

    private SemaphoreSlim StripeOf(in ObjectId id) => _stripes[id.Span[0] % StripeCount];
}
