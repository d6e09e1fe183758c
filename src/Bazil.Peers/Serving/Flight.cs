using Bazil.Core;
using Microsoft.AspNetCore.Http;

namespace Bazil.Peers.Serving;

/// <summary>A request in progress, so that a revocation can end it. It is registered before its permission is checked: no revocation slips between.</summary>
internal sealed class Flight(PeerSession session, HttpContext context, FlightKind kind, VolumeId volume) : IDisposable
{
    public FlightKind Kind { get; } = kind;

    public VolumeId Volume { get; } = volume;

    /// <summary>Resets the stream; the handler's token is cancelled.</summary>
    public void Abort()
    {
        try
        {
            context.Abort();
        }
        catch (ObjectDisposedException)
        {
            // It has just ended by itself.
        }
    }

    public void Dispose() => session.End(this);
}
