using System.Net;
using System.Net.Sockets;
using System.Text;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;
using Bazil.Server.Errors;
using Bazil.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Bazil.Server.Tests.Control;

/// <summary>Server and client of the control protocol over a real socket.</summary>
public sealed class ControlProtocolTests : IAsyncLifetime
{
    private readonly TempDirectory _directory = new();
    private readonly ControlDispatcher _dispatcher = new();
    private readonly TaskCompletionSource _begun = new();
    private readonly TaskCompletionSource _cancelled = new();
    private ControlServer? _server;

    private string Socket => _directory["control"];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _dispatcher.Add(ControlMethods.Ping, static (_, _) => Task.FromResult(new PingReply("1.2.3", 42)));
        _dispatcher.Add(ControlMethods.SharingAdd, static (request, _) =>
            throw new CommandFailedException(ErrorKind.AlreadyExists, $"{request.Name} of {request.Secret.Length} bytes exists", "do something else"));
        _dispatcher.Add(ControlMethods.PeerShow, static (_, _) => throw new InvalidOperationException("a bug"));
        _dispatcher.Add(ControlMethods.VolumeSync, async (_, cancel) =>
        {
            await using CancellationTokenRegistration registration = cancel.Register(() => _cancelled.TrySetResult());
            _begun.TrySetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancel);
            return new VolumeSyncReply(0, 0, 0, 0);
        });
        _server = await ControlServer.StartAsync(Socket, _dispatcher, NullLoggerFactory.Instance, Cancel);
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null) await _server.DisposeAsync();
        _directory.Dispose();
    }

    [Fact]
    public async Task Request_is_answered()
    {
        using var client = new ControlClient(Socket);

        Assert.Equal(new PingReply("1.2.3", 42), await client.CallAsync(ControlMethods.Ping, Nothing.Instance, Cancel));
    }

    [Fact]
    public void Socket_is_for_its_owner_only() =>
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Socket));

    [Fact]
    public async Task Refusal_arrives_with_kind_reason_and_next_step()
    {
        using var client = new ControlClient(Socket);

        var e = await Assert.ThrowsAsync<CommandFailedException>(
            () => client.CallAsync(ControlMethods.SharingAdd, new SharingAddRequest("friends", new byte[5]), Cancel));

        Assert.Equal((ErrorKind.AlreadyExists, "friends of 5 bytes exists", "do something else"), (e.Kind, e.Message, e.NextStep));
    }

    [Fact]
    public async Task Bug_in_the_server_is_an_internal_error_without_a_trace()
    {
        using var client = new ControlClient(Socket);

        var e = await Assert.ThrowsAsync<CommandFailedException>(() => client.CallAsync(ControlMethods.PeerShow, new PeerRequest("x"), Cancel));

        Assert.Equal("internal error: a bug", e.Message);
    }

    [Fact]
    public async Task Caller_who_hangs_up_cancels_the_command()
    {
        using var client = new ControlClient(Socket);
        using var cancel = new CancellationTokenSource();
        Task<VolumeSyncReply> call = client.CallAsync(ControlMethods.VolumeSync, new VolumeSyncRequest("v", "p"), cancel.Token);
        await _begun.Task.WaitAsync(TimeSpan.FromSeconds(10), Cancel);

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        await _cancelled.Task.WaitAsync(TimeSpan.FromSeconds(10), Cancel);
    }

    [Theory]
    [InlineData("/v1/ping", "not json", "malformed ping request")]
    [InlineData("/v1/ping", "null", "malformed ping request")]
    [InlineData("/v1/sharing/add", "{}", "malformed sharing/add request")]
    [InlineData("/v1/sharing/add", "{\"name\":1,\"secret\":\"\"}", "malformed sharing/add request")]
    [InlineData("/v1/no/such", "{}", "does not know the method no/such")]
    [InlineData("/v2/ping", "{}", "speaks version 1 of the control protocol, not the one of /v2/ping")]
    public async Task Request_that_makes_no_sense_is_refused_by_name(string path, string body, string reason)
    {
        string reply = await SendRawAsync($"POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {body.Length}\r\n\r\n{body}");

        Assert.StartsWith("HTTP/1.1 400", reply);
        Assert.Contains(reason, reply);
    }

    [Fact]
    public async Task Oversized_request_is_refused()
    {
        string reply = await SendRawAsync("POST /v1/ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 99999999999\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 4", reply);
    }

    [Fact]
    public async Task Without_a_server_the_error_says_how_to_start_one()
    {
        using var client = new ControlClient(_directory["no-control"]);

        var e = await Assert.ThrowsAsync<CommandFailedException>(() => client.CallAsync(ControlMethods.Ping, Nothing.Instance, Cancel));

        Assert.Equal(ErrorKind.Unreachable, e.Kind);
        Assert.Equal($"no server is running for {_directory.Path}", e.Message);
        Assert.Equal($"start it with: bazil server run -data-dir={_directory.Path}", e.NextStep);
    }

    [Fact]
    public async Task Socket_of_a_dead_server_is_replaced()
    {
        string path = _directory["stale"];
        using (var dead = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)) dead.Bind(new UnixDomainSocketEndPoint(path));
        if (!File.Exists(path)) await File.WriteAllTextAsync(path, "", Cancel);

        await using (await ControlServer.StartAsync(path, _dispatcher, NullLoggerFactory.Instance, Cancel))
        {
            using var client = new ControlClient(path);
            Assert.Equal(42, (await client.CallAsync(ControlMethods.Ping, Nothing.Instance, Cancel)).ProcessId);
        }

        Assert.False(File.Exists(path));
    }

    private async Task<string> SendRawAsync(string request)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(Socket), Cancel);
        await using var stream = new NetworkStream(socket);
        await stream.WriteAsync(Encoding.ASCII.GetBytes(request), Cancel);
        using var reader = new StreamReader(stream);
        return WebUtility.HtmlDecode(await reader.ReadToEndAsync(Cancel)).Replace("\\u0022", "\"", StringComparison.Ordinal);
    }
}
