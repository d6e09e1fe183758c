using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Bazil.Peers.Identity;
using Bazil.Peers.Tests.Identity;
using Bazil.Peers.Tests.Nodes;
using Bazil.Testing;

namespace Bazil.Peers.Tests.BadInput;

/// <summary>What comes from those who are not peers never reaches a request, and costs the server nothing that lasts.</summary>
public sealed class StrangerTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Garbage_on_the_socket_is_cut_off_and_friends_are_served_on()
    {
        await using var nodes = await TwoNodes.StartAsync();
        var seed = Seed.Take(fallback: 99);
        TestContext.Current.TestOutputHelper?.WriteLine(seed.ToString());
        var random = seed.CreateRandom();
        for (int i = 0; i < 40; i++)
        {
            using var client = new Socket(SocketType.Stream, ProtocolType.Tcp);
            var bytes = new byte[random.Next(1, 2000)];
            random.NextBytes(bytes);
            if (i % 2 == 0) bytes[0] = 0x16; // looks like a handshake
            if (i % 4 == 0 && bytes.Length > 5) bytes[3] = 0; // and like a short one
            try
            {
                await client.ConnectAsync(new IPEndPoint(IPAddress.Loopback, nodes.White.Server.Port), Cancel);
                await client.SendAsync(bytes, Cancel);
                client.Shutdown(SocketShutdown.Send);
                while (await client.ReceiveAsync(new byte[4096], Cancel) > 0) await Task.Yield();
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionReset or SocketError.Shutdown or SocketError.NotConnected)
            {
            }
        }
        await nodes.Call.PingAsync(Cancel);
    }

    [Fact]
    public async Task Silent_and_slow_strangers_are_cut_off_after_the_handshake_timeout()
    {
        await using var nodes = await TwoNodes.StartAsync(server: new PeerServerOptions { HandshakeTimeout = TimeSpan.FromSeconds(1) });
        using var silent = await ConnectAsync(nodes.White);
        using var slow = await ConnectAsync(nodes.White);
        var dripping = DripAsync(slow);
        await ReadToEndAsync(silent.GetStream());
        await dripping;
        await nodes.Call.PingAsync(Cancel);

        static async Task DripAsync(TcpClient client)
        {
            var stream = client.GetStream();
            try
            {
                // The head of a record of 512 bytes, then a byte each 50 ms: it would take half a minute.
                await stream.WriteAsync(new byte[] { 0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3 }, Cancel);
                for (int i = 0; i < 500; i++)
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, Cancel);
                    await stream.WriteAsync(new byte[] { 7 }, Cancel);
                }
                Assert.Fail("the server listened to the end");
            }
            catch (IOException)
            {
            }
        }
    }

    [Fact]
    public async Task One_address_cannot_take_all_places_for_handshakes()
    {
        await using var nodes = await TwoNodes.StartAsync(server: new PeerServerOptions { HandshakeTimeout = TimeSpan.FromSeconds(30) });
        var idle = new List<TcpClient>();
        try
        {
            for (int i = 0; i < Limits.HandshakesPerAddress; i++) idle.Add(await ConnectAsync(nodes.White));
            // Once all places are taken, the next is closed without a word.
            using var surplus = new Socket(SocketType.Stream, ProtocolType.Tcp);
            try
            {
                await surplus.ConnectAsync(new IPEndPoint(IPAddress.Loopback, nodes.White.Server.Port), Cancel);
                Assert.Equal(0, await surplus.ReceiveAsync(new byte[1], Cancel));
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
            {
            }
        }
        finally
        {
            foreach (var client in idle) client.Dispose();
        }
    }

    [Fact]
    public async Task Client_without_a_certificate_gets_no_further_than_the_handshake()
    {
        await using var nodes = await TwoNodes.StartAsync();
        await AssertTurnedAwayAsync(nodes, certificate: null);
    }

    [Fact]
    public async Task Client_with_a_bad_vouch_gets_no_further_than_the_handshake()
    {
        await using var nodes = await TwoNodes.StartAsync();
        var now = TimeProvider.System.GetUtcNow();
        var good = NodeCertificate.Create(nodes.Black.Key, now);
        var vouch = good.Certificate.Extensions.Single(extension => extension.Oid?.Value == Vouch.Oid).RawData;
        await AssertTurnedAwayAsync(nodes, VouchTests.SelfSigned(null, now.AddHours(-1), now.AddHours(1)));
        await AssertTurnedAwayAsync(nodes, VouchTests.SelfSigned(new byte[Vouch.Size], now.AddHours(-1), now.AddHours(1)));
        // Stolen from a real certificate: it vouches for another TLS key.
        await AssertTurnedAwayAsync(nodes, VouchTests.SelfSigned(vouch, good.NotAfter - VouchPolicy.Lifetime - VouchPolicy.Backdated, good.NotAfter));
        await AssertTurnedAwayAsync(nodes, NodeCertificate.Create(nodes.Black.Key, now.AddDays(-2), now.AddDays(-1)).Certificate);
        await AssertTurnedAwayAsync(nodes, NodeCertificate.Create(nodes.Black.Key, now.AddDays(1), now.AddDays(2)).Certificate);
        await AssertTurnedAwayAsync(nodes, NodeCertificate.Create(nodes.Black.Key, now.AddDays(-1), now.AddDays(30)).Certificate);
        // Its own key in the mirror.
        await AssertTurnedAwayAsync(nodes, NodeCertificate.Create(nodes.White.Key, now).Certificate);
        await AssertAdmittedAsync(nodes, good.Certificate);
    }

    [Fact]
    public async Task Expired_server_is_not_believed()
    {
        var time = new ManualTime();
        await using var nodes = await TwoNodes.StartAsync(clientTime: time);
        time.Advance(TimeSpan.FromDays(2));
        var e = await Assert.ThrowsAsync<PeerUnreachableException>(() => nodes.Call.PingAsync(Cancel));
        Assert.Contains("expired", e.Message);
        Assert.Contains("clocks", e.Message);
    }

    [Theory]
    [InlineData(SslProtocols.Tls12, "h2")]
    [InlineData(SslProtocols.Tls13, "http/1.1")]
    public async Task Other_protocols_are_not_spoken(SslProtocols version, string alpn)
    {
        await using var nodes = await TwoNodes.StartAsync();
        var certificate = NodeCertificate.Create(nodes.Black.Key, TimeProvider.System.GetUtcNow()).Certificate;
        await AssertTurnedAwayAsync(nodes, certificate, version, alpn);
    }

    [Fact]
    public async Task Peer_has_a_limited_number_of_connections()
    {
        await using var nodes = await TwoNodes.StartAsync();
        var links = new List<Bazil.Peers.Calling.PeerLink>();
        try
        {
            for (int i = 0; i < Limits.ConnectionsPerPeer; i++) links.Add(await nodes.Black.DialAsync(nodes.White));
            await Assert.ThrowsAsync<PeerRefusedException>(() => nodes.Black.DialAsync(nodes.White));
        }
        finally
        {
            foreach (var link in links) link.Dispose();
        }
    }

    private static async Task AssertAdmittedAsync(TwoNodes nodes, X509Certificate2 certificate) =>
        Assert.NotEqual(0, await FirstReadAsync(nodes, certificate, SslProtocols.Tls13, "h2"));

    private static async Task AssertTurnedAwayAsync(
        TwoNodes nodes, X509Certificate2? certificate, SslProtocols version = SslProtocols.Tls13, string alpn = "h2")
    {
        try
        {
            Assert.Equal(0, await FirstReadAsync(nodes, certificate, version, alpn));
        }
        catch (Exception e) when (e is IOException or AuthenticationException)
        {
        }
    }

    /// <summary>In TLS 1.3 the client's side of the handshake ends first; the first byte, or none, tells what the server thought.</summary>
    private static async Task<int> FirstReadAsync(TwoNodes nodes, X509Certificate2? certificate, SslProtocols version, string alpn)
    {
        using var client = await ConnectAsync(nodes.White);
        await using var stream = new SslStream(client.GetStream());
        await stream.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                ClientCertificateContext = certificate is null ? null : SslStreamCertificateContext.Create(certificate, null, offline: true),
                RemoteCertificateValidationCallback = (_, server, _, _) => server is not null, // this stranger talks to anyone
                EnabledSslProtocols = version,
                ApplicationProtocols = [new SslApplicationProtocol(alpn)],
            },
            Cancel);
        await stream.WriteAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray(), Cancel);
        return await stream.ReadAsync(new byte[1], Cancel);
    }

    private static async Task<TcpClient> ConnectAsync(TestNode node)
    {
        var client = new TcpClient();
        await client.ConnectAsync(new IPEndPoint(IPAddress.Loopback, node.Server.Port), Cancel);
        return client;
    }

    private static async Task ReadToEndAsync(NetworkStream stream)
    {
        try
        {
            var buffer = new byte[4096];
            while (await stream.ReadAsync(buffer, Cancel) > 0) await Task.Yield();
        }
        catch (IOException)
        {
        }
    }
}
