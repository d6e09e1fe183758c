using Bazil.Core;
using Bazil.Peers.Metering;
using Bazil.Peers.Protocol;
using Bazil.Storage.Eviction;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Bazil.Peers.Serving;

/// <summary>Holds: a peer that evicts its copies asks this node to keep its own for a while (docs/protocol.md, "Holds").</summary>
internal sealed class HoldEndpoints(IPeerService service, Endpoint endpoint, ILogger log)
{
    /// <summary>The answer is sent when the promise is durable.</summary>
    public async Task<int> HoldAsync(PeerSession session, HttpContext context)
    {
        using var flight = session.Begin(context, FlightKind.Storage);
        if (Granter(session) is not { } holds) return PeerStatus.Refused;
        using var watch = endpoint.Watch(context);
        HoldObjects asked = await Endpoint.ReadMessageAsync(context, watch, HoldObjects.Parser);
        if (ObjectEndpoints.ReadIds(asked.Ids) is not { } ids || ReadTicket(asked.Ticket.Span) is not { } ticket || ReadClaim(asked) is not { } claim) return PeerStatus.Malformed;
        var frames = endpoint.Frames(context, watch, session, TrafficKind.Content);
        try
        {
            // All that is held is read, which may take a slow disk seconds: meanwhile the caller is told that it goes on.
            HoldAnswer[] answers = await frames.AwaitAsync(new ValueTask<HoldAnswer[]>(Task.Run(() => holds.HoldAsync(session.Peer, ticket, claim, ids, watch.Token), watch.Token)));
            frames.Write(FrameKind.Data, [.. answers.Select(static answer => (byte)answer)]);
            frames.Write(FrameKind.End, []);
        }
        catch (Exception e) when (e is not OperationCanceledException && !watch.Token.IsCancellationRequested)
        {
            // The store's failure: logged here, and the peer learns only that there was one.
            PeerLog.Failed(log, e, session.Peer, "hold");
            frames.Write(FrameKind.Failed, [(byte)FailureCode.Internal]);
        }
        return PeerStatus.Ok;
    }

    public async Task<int> ReleaseAsync(PeerSession session, HttpContext context)
    {
        using var flight = session.Begin(context, FlightKind.Storage);
        if (Granter(session) is not { } holds) return PeerStatus.Refused;
        using var watch = endpoint.Watch(context);
        ReleaseObjects asked = await Endpoint.ReadMessageAsync(context, watch, ReleaseObjects.Parser);
        if (ReadTicket(asked.Ticket.Span) is not { } ticket) return PeerStatus.Malformed;
        holds.Release(session.Peer, ticket);
        endpoint.Frames(context, watch, session, TrafficKind.Content).Write(FrameKind.End, []);
        return PeerStatus.Ok;
    }

    private HoldGranter? Granter(PeerSession session) => service.IsKnown(session.Peer) ? service.HoldsFor(session.Peer) : null;

    private static HoldClaim? ReadClaim(HoldObjects asked)
    {
        if (asked.Volume.Length != VolumeId.Size) return null;
        try
        {
            return new HoldClaim(VolumeId.Read(asked.Volume.Span), KnowledgeCodec.Decode(asked.Known.Span));
        }
        catch (WireFormatException)
        {
            return null; // the caller is told so
        }
    }

    private static HoldTicket? ReadTicket(ReadOnlySpan<byte> bytes) => bytes.Length == HoldTicket.Size ? HoldTicket.Read(bytes) : null;
}
