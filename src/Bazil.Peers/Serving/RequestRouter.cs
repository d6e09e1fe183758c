using Bazil.Core;
using Bazil.Peers.Protocol;
using Bazil.Peers.Runs;
using Google.Protobuf;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace Bazil.Peers.Serving;

/// <summary>Takes each request to its endpoint and answers with one status and no body when it does not succeed.</summary>
internal sealed class RequestRouter(
    IPeerService service, SessionRegistry sessions, Endpoint endpoint, PeerRuns runs, IEntropy entropy, ILogger log)
{
    private readonly VolumeEndpoints _volumes = new(service, endpoint, entropy, log);
    private readonly HoldEndpoints _holds = new(service, endpoint, log);
    private readonly ObjectEndpoints _objects = new(service, endpoint, sessions, log);

    public async Task HandleAsync(HttpContext context)
    {
        var session = context.Features.GetRequiredFeature<PeerSession>();
        int status;
        try
        {
            status = await DispatchAsync(session, context);
        }
        catch (InvalidProtocolBufferException e)
        {
            PeerLog.Malformed(log, session.Peer, e.Message);
            status = PeerStatus.Malformed;
        }
        catch (BadHttpRequestException e)
        {
            PeerLog.Malformed(log, session.Peer, e.Message);
            status = e.StatusCode;
        }
        catch (Exception e) when (e is OperationCanceledException or IOException && context.RequestAborted.IsCancellationRequested)
        {
            return; // the peer has gone, or was revoked: there is nobody to answer
        }
        catch (OperationCanceledException)
        {
            context.Abort(); // stalled
            return;
        }
        catch (Exception e)
        {
            // Whatever it is, it is ours: logged here, and the peer learns only that there was a failure.
            PeerLog.Failed(log, e, session.Peer, context.Request.Path.Value ?? "a request");
            status = PeerStatus.Failed;
        }
        if (context.Response.HasStarted)
        {
            if (status != PeerStatus.Ok) context.Abort();
            return;
        }
        context.Response.StatusCode = status;
    }

    private Task<int> DispatchAsync(PeerSession session, HttpContext context)
    {
        string path = context.Request.Path.Value ?? "";
        if (context.Request.Method != HttpMethods.Post) return Task.FromResult(PeerStatus.Unsupported);
        if (path != PeerPaths.Ping && runs.IsCopied(session.Peer)) return Task.FromResult(PeerStatus.Copied);
        if (!path.StartsWith(PeerPaths.VolumeWatch, StringComparison.Ordinal) && session.CountRequests() >= Limits.RequestsPerConnection) return Task.FromResult(PeerStatus.TooMany);
        return path switch
        {
            PeerPaths.Ping => PingAsync(session, context),
            PeerPaths.VolumeHello => _volumes.HelloAsync(session, context),
            PeerPaths.VolumeProof => _volumes.ProofAsync(session, context),
            PeerPaths.ObjectsGet => _objects.GetAsync(session, context),
            PeerPaths.ObjectsHas => _objects.HasAsync(session, context),
            PeerPaths.ObjectsPut => _objects.PutAsync(session, context),
            PeerPaths.ObjectsSync => _objects.SyncAsync(session, context),
            PeerPaths.ObjectsList => _objects.ListAsync(session, context),
            PeerPaths.ObjectsDiscard => _objects.DiscardAsync(session, context),
            PeerPaths.ObjectsHold => _holds.HoldAsync(session, context),
            PeerPaths.ObjectsRelease => _holds.ReleaseAsync(session, context),
            _ when path.StartsWith(PeerPaths.VolumeExchange, StringComparison.Ordinal) => OfVolumeAsync(path[PeerPaths.VolumeExchange.Length..], id => _volumes.ExchangeAsync(session, context, id)),
            _ when path.StartsWith(PeerPaths.VolumeWatch, StringComparison.Ordinal) => OfVolumeAsync(path[PeerPaths.VolumeWatch.Length..], id => _volumes.WatchAsync(session, context, id)),
            _ => Task.FromResult(PeerStatus.Unsupported),
        };
    }

    private async Task<int> PingAsync(PeerSession session, HttpContext context)
    {
        using var flight = session.Begin(context, FlightKind.Control);
        if (!service.IsKnown(session.Peer)) return PeerStatus.Refused;
        using var watch = endpoint.Watch(context);
        var ping = await Endpoint.ReadMessageAsync(context, watch, Ping.Parser);
        if (ping.Nonce.Length > 32 || ping.Run.Length is not (0 or RunId.Size)) return PeerStatus.Malformed;
        if (!ping.Run.IsEmpty)
        {
            var run = RunId.Read(ping.Run.Span);
            session.Run = run;
            bool isOtherConnected = sessions.Of(session.Peer).Any(other => other.Run is { } its && its != run);
            switch (runs.Hear(session.Peer, run, session.Since, isOtherConnected))
            {
                case RunVerdict.Wait: return PeerStatus.TooEarly;
                case RunVerdict.Copied:
                    // Whoever has another one open calls again, and is heard: else a run that is the last one left would never be.
                    foreach (PeerSession other in sessions.Of(session.Peer).Where(other => other != session)) other.Abort();
                    return PeerStatus.Copied;
            }

            ping.Run = ByteString.CopyFrom(runs.Own.ToBytes());
        }

        await Endpoint.WriteMessageAsync(context, ping, watch);
        return PeerStatus.Ok;
    }

    private static Task<int> OfVolumeAsync(string hex, Func<VolumeId, Task<int>> answer)
    {
        Span<byte> id = stackalloc byte[VolumeId.Size];
        bool valid = hex.Length == 2 * VolumeId.Size
            && Convert.FromHexString(hex, id, out _, out _) == System.Buffers.OperationStatus.Done;
        return valid ? answer(VolumeId.Read(id)) : Task.FromResult(PeerStatus.Malformed);
    }
}
