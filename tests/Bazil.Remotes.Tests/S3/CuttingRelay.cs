using System.Net;
using System.Net.Sockets;

namespace Bazil.Remotes.Tests.S3;

/// <summary>Passes connections on to a server on loopback, ends each after so many bytes of its answers, and may change a byte of what is uploaded.</summary>
internal sealed class CuttingRelay : IAsyncDisposable
{
    private const int HeaderBytesMax = 4096;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _ending = new();
    private readonly long _cutAfterBytes;
    private readonly int _port;
    private readonly Task _serving;
    private int _connections;

    public CuttingRelay(int port, long cutAfterBytes)
    {
        (_port, _cutAfterBytes) = (port, cutAfterBytes);
        _listener.Start();
        _serving = ServeAsync();
    }

    public string Endpoint => $"http://{_listener.LocalEndpoint}";

    public int Connections => Volatile.Read(ref _connections);

    /// <summary>The last byte of each piece that is too long for a header is changed.</summary>
    public bool FlipsUploads { get; init; }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        _listener.Dispose();
        await _serving;
        _ending.Dispose();
    }

    private async Task ServeAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true) connections.Add(RelayAsync(await _listener.AcceptSocketAsync(_ending.Token)));
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task RelayAsync(Socket socket)
    {
        using Socket client = socket, server = new(SocketType.Stream, ProtocolType.Tcp);
        Interlocked.Increment(ref _connections);
        try
        {
            await server.ConnectAsync(IPAddress.Loopback, _port, _ending.Token);
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(_ending.Token);
            Task there = PassAsync(client, server, long.MaxValue, FlipsUploads, stop.Token);
            await Task.WhenAny(there, PassAsync(server, client, _cutAfterBytes, false, stop.Token));
            await stop.CancelAsync();
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            // One side is gone, or the test is over: the other side is closed, too.
        }
    }

    private static async Task PassAsync(Socket from, Socket to, long most, bool isChanged, CancellationToken cancel)
    {
        byte[] buffer = new byte[1 << 16];
        int read;
        while (most > 0 && (read = await from.ReceiveAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, most)), cancel)) > 0)
        {
            if (isChanged && read > HeaderBytesMax) buffer[read - 1] ^= 1;
            await to.SendAsync(buffer.AsMemory(0, read), cancel);
            most -= read;
        }
    }
}
