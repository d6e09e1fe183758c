using System.Net;
using Bazil.Peers.Identity;
using Bazil.Peers.Proofs;
using Bazil.Peers.Protocol;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Bazil.Peers.Serving;

/// <summary>Builds the HTTP/2 server: limits, handshake, and the session of each connection. No configuration files, no environment, no console.</summary>
internal sealed class PeerListener(
    NodeIdentity identity, IPeerDirectory directory, SessionRegistry sessions, PeerServerOptions options, ILogger log)
{
    private readonly HandshakeGate _handshakes = new(Limits.Handshakes, Limits.HandshakesPerAddress);

    public WebApplication Build(IPEndPoint endpoint, RequestDelegate handle)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton<IHostLifetime, NoHostLifetime>();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(2));
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            Bound(kestrel);
            kestrel.Listen(endpoint, listen =>
            {
                listen.Protocols = HttpProtocols.Http2;
                listen.Use(EnterAsync);
                listen.UseHttps(new TlsHandshakeCallbackOptions
                {
                    HandshakeTimeout = options.HandshakeTimeout,
                    OnConnection = context => ValueTask.FromResult(Handshake(context.Connection)),
                });
                listen.Use(AdmitAsync);
            });
        });
        var app = builder.Build();
        if (!QuietHeartbeat.TrySlow(app.Services.GetRequiredService<IServer>())) PeerLog.Heartbeat(log);
        app.Run(context => CountAsync(context, handle));
        return app;
    }

    private void Bound(KestrelServerOptions kestrel)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxConcurrentConnections = Limits.Connections;
        kestrel.Limits.MaxRequestBodySize = Limits.MessageBytes;
        kestrel.Limits.MaxRequestHeadersTotalSize = Limits.HeaderBytes;
        kestrel.Limits.MaxRequestLineSize = 1024;
        QuietHeartbeat.Disarm(kestrel.Limits); // who sends or reads nothing is ended by StallTimeout, who asks nothing by IdleConnection
        kestrel.Limits.Http2.KeepAlivePingDelay = options.PingInterval; // the client pings sooner, unless it is gone; judged with the heartbeat, once an hour
        kestrel.Limits.Http2.KeepAlivePingTimeout = options.PingInterval;
        kestrel.Limits.Http2.MaxStreamsPerConnection = Limits.RequestsPerConnection + Limits.WatchesPerConnection;
        kestrel.Limits.Http2.MaxRequestHeaderFieldSize = Limits.HeaderBytes;
        kestrel.Limits.Http2.InitialConnectionWindowSize = 4 << 20;
        kestrel.Limits.Http2.InitialStreamWindowSize = 1 << 20;
    }

    /// <summary>Before TLS: nothing of a stranger is looked at beyond what the places allow.</summary>
    private ConnectionDelegate EnterAsync(ConnectionDelegate next) => async connection =>
    {
        using var place = _handshakes.TryEnter((connection.RemoteEndPoint as IPEndPoint)?.Address ?? IPAddress.None);
        if (place is null)
        {
            connection.Abort(new ConnectionAbortedException("too many handshakes"));
            return;
        }
        if (connection.Features.Get<IConnectionSocketFeature>() is { } transport)
        {
            SendQueue.Bound(transport.Socket);
            LineWatch.Begin(transport.Socket, options.KeepAliveInterval);
        }

        connection.Features.Set(new HandshakePlace(place, identity.Time.GetTimestamp()));
        await next(connection);
    };

    private System.Net.Security.SslServerAuthenticationOptions Handshake(ConnectionContext connection)
    {
        var own = identity.Current;
        return PeerTls.Server(own, (_, certificate, _, _) =>
        {
            var verdict = Vouch.Check(certificate, identity.Time.GetUtcNow(), out var peer);
            if (verdict != VouchVerdict.Valid || peer == identity.PeerId || !directory.IsKnown(peer))
            {
                PeerLog.TurnedAway(log, connection.RemoteEndPoint?.ToString(), verdict == VouchVerdict.Valid ? "unknown key " + peer : verdict.ToString());
                return false;
            }
            byte[] hash = System.Security.Cryptography.SHA256.HashData(certificate!.GetRawCertData());
            connection.Features.Set(new PeerSession(connection, new ProofParties(peer, identity.PeerId, hash, own.Hash), connection.Features.GetRequiredFeature<HandshakePlace>().Since));
            return true;
        });
    }

    /// <summary>After TLS: the peer is registered first and looked up again after, so that no revocation slips between.</summary>
    private ConnectionDelegate AdmitAsync(ConnectionDelegate next) => async connection =>
    {
        connection.Features.GetRequiredFeature<HandshakePlace>().Place.Dispose();
        var session = connection.Features.GetRequiredFeature<PeerSession>();
        if (!sessions.TryAdd(session))
        {
            session.Abort();
            return;
        }
        using var idle = new IdleConnection(connection, options.IdleConnectionTimeout, identity.Time);
        connection.Features.Set(idle);
        try
        {
            if (directory.IsKnown(session.Peer)) await next(connection);
            else session.Abort();
        }
        finally
        {
            sessions.Remove(session);
        }
    };

    private static async Task CountAsync(HttpContext context, RequestDelegate handle)
    {
        var idle = context.Features.GetRequiredFeature<IdleConnection>();
        idle.Enter();
        try
        {
            await handle(context);
        }
        finally
        {
            idle.Leave();
        }
    }

    /// <summary>A type of its own, since features are found by type.</summary>
    private sealed record HandshakePlace(IDisposable Place, long Since);
}
