using System.Net;
using System.Net.Sockets;
using Bazil.Peers.Tests.Nodes;
using Bazil.Testing;
using Bazil.Storage.Stores;

namespace Bazil.Peers.Tests.Calling;

public sealed class ConnectionTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Friends_answer_pings()
    {
        await using var nodes = await TwoNodes.StartAsync();
        Assert.True(await nodes.Call.PingAsync(Cancel) > TimeSpan.Zero);
        await nodes.Call.PingAsync(Cancel);
    }

    [Fact]
    public async Task Node_that_was_not_added_is_refused()
    {
        await using var nodes = await TwoNodes.StartAsync();
        nodes.White.Known.Clear();
        var e = await Assert.ThrowsAsync<PeerRefusedException>(() => nodes.Call.PingAsync(Cancel));
        Assert.Contains($"bazil peer add {nodes.Black.Id}", e.Message);
        nodes.White.Known[nodes.Black.Id] = true;
        await nodes.Call.PingAsync(Cancel);
    }

    [Fact]
    public async Task Another_node_at_the_address_is_not_taken_for_the_peer()
    {
        await using var nodes = await TwoNodes.StartAsync();
        await using var stranger = await TestNode.StartAsync(3);
        stranger.Known[nodes.Black.Id] = true;
        nodes.Black.Addresses[nodes.White.Id] = [stranger.Address];
        var e = await Assert.ThrowsAsync<PeerUnreachableException>(() => nodes.Call.PingAsync(Cancel));
        Assert.Contains(stranger.Id.ToString(), e.Reason);
    }

    [Fact]
    public async Task Addresses_are_tried_until_one_leads_to_the_peer()
    {
        await using var nodes = await TwoNodes.StartAsync();
        nodes.Black.Addresses[nodes.White.Id] = [$"127.0.0.1:{FreePort()}", "nonsense", nodes.White.Address];
        await nodes.Call.PingAsync(Cancel);
    }

    [Fact]
    public async Task Peer_without_an_address_or_a_listener_is_unreachable_with_the_reason()
    {
        await using var nodes = await TwoNodes.StartAsync();
        nodes.Black.Addresses.Clear();
        Assert.Contains("peer location set", (await Assert.ThrowsAsync<PeerUnreachableException>(() => nodes.Call.PingAsync(Cancel))).Message);
        string address = $"127.0.0.1:{FreePort()}";
        nodes.Black.Addresses[nodes.White.Id] = [address];
        var e = await Assert.ThrowsAsync<PeerUnreachableException>(() => nodes.Call.PingAsync(Cancel));
        Assert.Contains(address, e.Message);
        Assert.Contains("connection refused", e.Message);
    }

    [Fact]
    public async Task Listener_that_never_speaks_costs_one_connect_timeout_for_all_who_wait()
    {
        var time = new ManualTime();
        await using var nodes = await TwoNodes.StartAsync(clientTime: time);
        using var mute = new TcpListener(IPAddress.Loopback, 0);
        mute.Start();
        nodes.Black.Addresses[nodes.White.Id] = [mute.LocalEndpoint.ToString()!];
        var calls = Enumerable.Range(0, 20).Select(_ => nodes.Call.PingAsync(Cancel)).ToList();
        using var accepted = await mute.AcceptTcpClientAsync(Cancel);
        Assert.NotEqual(0, await accepted.GetStream().ReadAsync(new byte[1], Cancel)); // the first byte of its handshake: the clock runs
        time.Advance(TimeSpan.FromSeconds(5));
        foreach (var call in calls) Assert.Contains("within 5 s", (await Assert.ThrowsAsync<PeerUnreachableException>(() => call)).Message);
    }

    [Fact]
    public async Task Peer_that_stops_answering_in_the_middle_is_given_up_after_ten_seconds()
    {
        var time = new ManualTime();
        await using var nodes = await TwoNodes.StartAsync(clientTime: time, server: new PeerServerOptions { AliveInterval = TimeSpan.FromHours(1) });
        var inside = new TaskCompletionSource();
        nodes.Store.Before = (_, cancel) =>
        {
            inside.TrySetResult();
            return Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancel);
        };
        var get = nodes.Call.Store.GetAsync(Serving.ObjectTests.Id(1), Cancel).AsTask();
        await inside.Task.WaitAsync(Cancel);
        time.Advance(TimeSpan.FromSeconds(9));
        Assert.False(get.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(1));
        var e = await Assert.ThrowsAsync<StoreException>(() => get);
        Assert.IsType<PeerUnreachableException>(e.InnerException);
        Assert.Contains("stopped answering: nothing came for 10 s", e.Message);
    }

    [Fact]
    public async Task Slow_work_of_the_peer_is_not_taken_for_silence()
    {
        var time = new ManualTime();
        await using var nodes = await TwoNodes.StartAsync(clientTime: time, server: new PeerServerOptions { AliveInterval = TimeSpan.FromMilliseconds(20) });
        TaskCompletionSource started = new(), done = new();
        nodes.Store.Before = (_, _) =>
        {
            started.TrySetResult();
            return done.Task;
        };
        var get = nodes.Call.Store.GetAsync(Serving.ObjectTests.Id(1), Cancel).AsTask();
        await started.Task.WaitAsync(Cancel);
        for (int i = 0; i < 5; i++)
        {
            time.Advance(TimeSpan.FromSeconds(9));
            await time.WhenRearmedAsync(Cancel); // by signs of life
        }

        Assert.False(get.IsCompleted);
        done.SetResult();
        Assert.Null(await get);
    }

    [Fact]
    public async Task Slow_reader_on_this_side_is_not_taken_for_silence_either()
    {
        var time = new ManualTime();
        await using var nodes = await TwoNodes.StartAsync(clientTime: time);
        nodes.Volume.Answer = (_, cancel) => Serving.VolumeTests.Count(100, 100_000, cancel);
        int frames = 0;
        await foreach (var _ in nodes.Call.ExchangeAsync(TwoNodes.VolumeId, nodes.Key, new byte[1], Cancel))
        {
            if (++frames % 10 == 0) time.Advance(TimeSpan.FromSeconds(15));
        }
        Assert.Equal(100, frames);
    }

    [Fact]
    public async Task Taken_port_gives_way_to_a_free_one_if_allowed()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var endpoint = (IPEndPoint)taken.LocalEndpoint;
        await using var nodes = await TwoNodes.StartAsync();
        await using var flexible = Server(nodes.White, endpoint, anyPort: true);
        await flexible.StartAsync(Cancel);
        Assert.NotEqual(endpoint.Port, flexible.Port);
        Assert.NotEqual(0, flexible.Port);
        await using var strict = Server(nodes.White, endpoint, anyPort: false);
        await Assert.ThrowsAnyAsync<IOException>(() => strict.StartAsync(Cancel));
    }

    [Fact]
    public async Task Disconnecting_ends_what_is_in_progress_and_a_later_call_connects_anew()
    {
        await using var nodes = await TwoNodes.StartAsync();
        var inside = new TaskCompletionSource();
        nodes.Store.Before = (_, cancel) =>
        {
            inside.TrySetResult();
            return Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancel);
        };
        var get = nodes.Call.Store.GetAsync(Serving.ObjectTests.Id(1), Cancel).AsTask();
        await inside.Task.WaitAsync(Cancel);
        await nodes.Black.Client.DisconnectAsync(nodes.White.Id);
        await Assert.ThrowsAsync<StoreException>(() => get);
        await nodes.Call.PingAsync(Cancel);
    }

    [Theory]
    [InlineData("192.0.2.42:34211", true)]
    [InlineData("[2001:db8::1]:34211", true)]
    [InlineData("[::1]:1", true)]
    [InlineData("white.example:34211", true)]
    [InlineData("white:34211", true)]
    [InlineData("white", false)]
    [InlineData("white:", false)]
    [InlineData(":34211", false)]
    [InlineData("white:0", false)]
    [InlineData("white:65536", false)]
    [InlineData("white:-1", false)]
    [InlineData("2001:db8::1:34211", false)]
    [InlineData("[192.0.2.42]:34211", false)]
    [InlineData("wh ite:34211", false)]
    [InlineData("", false)]
    public void Addresses_are_host_and_port(string text, bool valid)
    {
        Assert.Equal(valid, PeerAddress.TryParse(text, out _));
    }

    private static PeerServer Server(TestNode node, IPEndPoint endpoint, bool anyPort) => new(
        node.Identity, node, new PeerServerOptions { Endpoint = endpoint, AnyPort = anyPort }, TimeProvider.System,
        new Bazil.Core.Crypto.SodiumEntropy(), Microsoft.Extensions.Logging.Abstractions.NullLogger<PeerServer>.Instance, node.Runs);

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
