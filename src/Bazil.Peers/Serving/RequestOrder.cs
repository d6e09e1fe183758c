using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Bazil.Peers.Serving;

/// <summary>When a peer sent a request, compared with its others: connections in the order in which they came, on each the streams in the order in which the peer opened them (RFC 9113, section 5.1.1).</summary>
/// <param name="Connection">When the connection was accepted.</param>
/// <param name="Stream">Of the connection.</param>
internal readonly record struct RequestOrder(long Connection, int Stream)
{
    public static RequestOrder Of(PeerSession session, HttpContext context) => new(session.Since, context.Features.GetRequiredFeature<IHttp2StreamIdFeature>().StreamId);

    public bool IsBefore(in RequestOrder other) => (Connection, Stream).CompareTo((other.Connection, other.Stream)) < 0;
}
