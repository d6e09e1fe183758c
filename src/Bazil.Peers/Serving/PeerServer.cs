using System.Net;
using Bazil.Core;
using Bazil.Peers.Serving;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Bazil.Peers;

/// <summary>
/// Serves the peers of this node: HTTP/2 over mutual TLS 1.3. Start once, dispose once; the rest is concurrent.
/// Everything passed in is borrowed.
/// </summary>
public sealed class PeerServer(
    NodeIdentity identity,
    IPeerService service,
    PeerServerOptions options,
    TimeProvider time,
    IEntropy entropy,
    ILogger<PeerServer> log,
    PeerRuns runs,
    PeerMeters? meters = null) : IAsyncDisposable
{
    private readonly SessionRegistry _sessions = new();
    private readonly PeerMeters _meters = meters ?? new PeerMeters(time);
    private WebApplication? _app;

    /// <summary>Where it listens. Valid after <see cref="StartAsync"/>.</summary>
    public IPEndPoint Endpoint { get; private set; } = new(IPAddress.None, 0);

    public int Port => Endpoint.Port;

    /// <exception cref="IOException">The address cannot be listened on; with <see cref="PeerServerOptions.AnyPort"/> only if no port can.</exception>
    public async Task StartAsync(CancellationToken cancel)
    {
        Invariant.Check(_app is null);
        runs.Doubted += Doubt;
        var endpoint = options.Endpoint;
        if (endpoint.Address.Equals(IPAddress.IPv6Any) && !System.Net.Sockets.Socket.OSSupportsIPv6)
            endpoint = new IPEndPoint(IPAddress.Any, endpoint.Port);
        if (!await TryListenAsync(endpoint, throwIfTaken: !options.AnyPort, cancel))
            await TryListenAsync(new IPEndPoint(endpoint.Address, 0), throwIfTaken: true, cancel);
    }

    /// <summary>Closes every connection of a peer at once, and forgets which runs of it there were. Take the peer out of the directory first.</summary>
    public void Revoke(PeerId peer)
    {
        foreach (var session in _sessions.Of(peer)) session.Abort();
        runs.Forget(peer);
    }

    /// <summary>Ends what the peer does on a volume at once; its other requests go on. Take the permission away first.</summary>
    public void RevokeVolume(PeerId peer, VolumeId volume)
    {
        foreach (var session in _sessions.Of(peer)) session.RevokeVolume(volume);
    }

    /// <summary>Ends the peer's object requests at once; its other requests go on. Take the permission away first.</summary>
    public void RevokeStorage(PeerId peer)
    {
        foreach (var session in _sessions.Of(peer)) session.RevokeStorage();
    }

    /// <summary>Stops listening, gives requests in progress two seconds, then cuts them.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _app, null) is not { } app) return;

        runs.Doubted -= Doubt;

        // They would go on for as long as we wait for them.
        foreach (var session in _sessions.All()) session.EndWatches();
        await app.StopAsync(CancellationToken.None);
        await app.DisposeAsync();
    }

    /// <summary>Closes what older runs of a peer have open, or everything once it is clear that there are several. The run that is just speaking is answered first, and closes then.</summary>
    private void Doubt(PeerId peer)
    {
        IReadOnlyList<PeerSession> open = _sessions.Of(peer);
        PeerSession? newest = open.MaxBy(static session => session.Since);
        foreach (var session in open.Where(session => session != newest)) session.Abort();
        newest?.AbortWork();
    }

    private async Task<bool> TryListenAsync(IPEndPoint endpoint, bool throwIfTaken, CancellationToken cancel)
    {
        var router = new RequestRouter(service, _sessions, new Serving.Endpoint(options, time, _meters), runs, entropy, log);
        var app = new PeerListener(identity, service, _sessions, options, log).Build(endpoint, router.HandleAsync);
        try
        {
            await app.StartAsync(cancel);
        }
        catch (IOException e) when (e.InnerException is AddressInUseException && !throwIfTaken)
        {
            await app.DisposeAsync();
            return false;
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
        string address = app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single();
        Endpoint = new IPEndPoint(endpoint.Address, new Uri(address).Port);
        _app = app;
        return true;
    }
}
