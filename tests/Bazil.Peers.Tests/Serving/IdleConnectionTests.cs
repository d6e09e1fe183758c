using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Bazil.Peers.Identity;
using Bazil.Peers.Tests.Nodes;
using Bazil.Testing;

namespace Bazil.Peers.Tests.Serving;

/// <summary>Connections on which nothing is asked.</summary>
public sealed class IdleConnectionTests
{
    private static readonly TimeSpan Timeout = new PeerServerOptions().IdleConnectionTimeout;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>The bytes of a request that is never whole: nothing; headers without their end; a piece of the head of a frame.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("000001 01 00 00000001 83")]
    [InlineData("0000")]
    public async Task Peer_that_never_completes_a_request_is_cut_off(string bytes)
    {
        var time = new ManualTime();
        await using var nodes = await TwoNodes.StartAsync(serverTime: time);
        using var socket = new TcpClient();
        await socket.ConnectAsync(System.Net.IPAddress.Loopback, nodes.White.Server.Port, Cancel);
        await using SslStream stream = await BeginAsync(nodes, socket);
        await stream.WriteAsync(Convert.FromHexString(bytes.Replace(" ", "")), Cancel);
        Task<long> end = ReadToEndAsync(stream);
        time.Advance(Timeout - TimeSpan.FromSeconds(1));
        Assert.Equal(0, time.Fired);
        time.Advance(TimeSpan.FromSeconds(1));
        time.Advance(TimeSpan.FromSeconds(5));
        await end;
        await nodes.Call.PingAsync(Cancel);
    }

    [Fact]
    public async Task Connection_that_has_ended_so_is_made_anew_by_the_next_request()
    {
        var time = new ManualTime();
        await using var nodes = await TwoNodes.StartAsync(serverTime: time);
        for (int round = 0; round < 3; round++)
        {
            await nodes.Call.PingAsync(Cancel);
            time.Advance(Timeout);
            time.Advance(TimeSpan.FromSeconds(5));
        }
    }

    [Fact]
    public async Task Who_listens_for_notes_is_never_idle()
    {
        var time = new ManualTime();
        await using var nodes = await TwoNodes.StartAsync(serverTime: time);
        await using var notes = nodes.Call.WatchAsync(TwoNodes.VolumeId, nodes.Key, 0, Cancel).GetAsyncEnumerator(Cancel);
        nodes.Volume.Notes.Writer.TryWrite([1]);
        Assert.True(await notes.MoveNextAsync());
        for (int hour = 0; hour < 24; hour++) time.Advance(TimeSpan.FromHours(1));
        nodes.Volume.Notes.Writer.TryWrite([2]);
        Assert.True(await notes.MoveNextAsync());
    }

    /// <summary>As a known peer, up to the beginning of HTTP/2: when the server has said its settings, it has taken the connection over.</summary>
    private static async Task<SslStream> BeginAsync(TwoNodes nodes, TcpClient socket)
    {
        var stream = new SslStream(socket.GetStream());
        var certificate = NodeCertificate.Create(nodes.Black.Key, TimeProvider.System.GetUtcNow()).Certificate;
        await stream.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                ClientCertificateContext = SslStreamCertificateContext.Create(certificate, null, offline: true),
                RemoteCertificateValidationCallback = (_, server, _, _) => server is not null, // it is the server of this test
                EnabledSslProtocols = SslProtocols.Tls13,
                ApplicationProtocols = [SslApplicationProtocol.Http2],
            },
            Cancel);
        await stream.WriteAsync((byte[])[.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, 0, 0, 0, 4, 0, 0, 0, 0, 0], Cancel);
        Assert.Equal(1, await stream.ReadAsync(new byte[1], Cancel));
        return stream;
    }

    private static async Task<long> ReadToEndAsync(SslStream stream)
    {
        long total = 0;
        byte[] buffer = new byte[4096];
        try
        {
            while (await stream.ReadAsync(buffer, Cancel) is > 0 and int count) total += count;
        }
        catch (IOException)
        {
            // Cut off without a word.
        }

        return total;
    }
}
