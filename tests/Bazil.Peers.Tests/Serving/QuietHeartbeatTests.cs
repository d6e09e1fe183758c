using System.Net;
using System.Net.Sockets;
using Bazil.Peers.Serving;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Bazil.Peers.Tests.Serving;

/// <summary>The framework's own clock. When these fail after an upgrade, the framework is built differently: see <see cref="QuietHeartbeat"/>.</summary>
public sealed class QuietHeartbeatTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Slowed_server_does_not_wake_while_another_does()
    {
        using var beats = new SemaphoreSlim(0);
        int quietBeats = 0;
        await using WebApplication loud = await StartAsync(slow: false, () => beats.Release());
        await using WebApplication quiet = await StartAsync(slow: true, () => Interlocked.Increment(ref quietBeats));
        using TcpClient toQuiet = await ConnectAsync(quiet), toLoud = await ConnectAsync(loud);
        for (int i = 0; i < 3; i++) Assert.True(await beats.WaitAsync(TimeSpan.FromSeconds(30), Cancel));
        Assert.Equal(0, quietBeats);
    }

    [Fact]
    public async Task Slowed_server_stops_at_once()
    {
        await using WebApplication quiet = await StartAsync(slow: true, () => { });
        await quiet.StopAsync(Cancel).WaitAsync(TimeSpan.FromSeconds(30), Cancel);
    }

    [Fact]
    public void Server_that_is_built_differently_is_left_as_it_is()
    {
        using var other = new OtherServer();
        Assert.False(QuietHeartbeat.TrySlow(other));
    }

    private static async Task<WebApplication> StartAsync(bool slow, Action onBeat)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Use(_ => async connection =>
        {
            connection.Features.GetRequiredFeature<IConnectionHeartbeatFeature>().OnHeartbeat(static state => ((Action)state)(), onBeat);
            await connection.Transport.Output.WriteAsync(new byte[1]); // the caller may count from here
            await connection.Transport.Input.ReadAsync();
        })));
        WebApplication application = builder.Build();
        if (slow) Assert.True(QuietHeartbeat.TrySlow(application.Services.GetRequiredService<IServer>()));
        await application.StartAsync(Cancel);
        return application;
    }

    private static async Task<TcpClient> ConnectAsync(WebApplication application)
    {
        string address = application.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single();
        var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, new Uri(address).Port, Cancel);
        Assert.Equal(1, await client.GetStream().ReadAsync(new byte[1], Cancel));
        return client;
    }

    private sealed class OtherServer : IServer
    {
        public IFeatureCollection Features { get; } = new FeatureCollection();

        public Task StartAsync<TContext>(IHttpApplication<TContext> application, CancellationToken cancellationToken)
            where TContext : notnull => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public void Dispose()
        {
        }
    }
}
