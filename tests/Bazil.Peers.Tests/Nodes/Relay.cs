using System.Net;
using System.Net.Sockets;

namespace Bazil.Peers.Tests.Nodes;

/// <summary>A slow line between two nodes that counts: bytes from the server go on in small pieces, one each millisecond, and can be held up.</summary>
internal sealed class Relay : IAsyncDisposable
{
    private const int PieceBytes = 16 << 10;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Line> _lines = [];
    private readonly int _serverPort;
    private readonly Task _accepting;

    public Relay(int serverPort)
    {
        _serverPort = serverPort;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public string Address => $"127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    /// <summary>The connections in the order in which they were made.</summary>
    public IReadOnlyList<Line> Lines
    {
        get
        {
            lock (_lines) return [.. _lines];
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (Line line in Lines) await line.DisposeAsync();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            Socket client = await _listener.AcceptSocketAsync(_stop.Token);
            var server = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveBufferSize = PieceBytes };
            await server.ConnectAsync(new IPEndPoint(IPAddress.Loopback, _serverPort), _stop.Token);
            client.NoDelay = true;
            var line = new Line(client, server, _stop.Token);
            lock (_lines) _lines.Add(line);
        }
    }

    /// <summary>One connection.</summary>
    internal sealed class Line : IAsyncDisposable
    {
        private readonly Socket _client;
        private readonly Socket _server;
        private readonly Task _both;
        private long _fromServer;
        private volatile bool _isHeld;

        public Line(Socket client, Socket server, CancellationToken stop)
        {
            (_client, _server) = (client, server);
            _both = Task.WhenAll(UpAsync(stop), DownAsync(stop));
        }

        /// <summary>Bytes of the server that were passed on.</summary>
        public long FromServer => Volatile.Read(ref _fromServer);

        public void Hold() => _isHeld = true;

        public async ValueTask DisposeAsync()
        {
            _client.Dispose();
            _server.Dispose();
            await _both.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        private async Task UpAsync(CancellationToken stop)
        {
            byte[] buffer = new byte[PieceBytes];
            while (await _client.ReceiveAsync(buffer, stop) is > 0 and int count) await SendAllAsync(_server, buffer.AsMemory(0, count), stop);
        }

        private async Task DownAsync(CancellationToken stop)
        {
            byte[] buffer = new byte[PieceBytes];
            using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(1));
            while (await tick.WaitForNextTickAsync(stop))
            {
                if (_isHeld) continue;
                int count = await _server.ReceiveAsync(buffer, stop);
                if (count == 0) return;
                Interlocked.Add(ref _fromServer, count);
                await SendAllAsync(_client, buffer.AsMemory(0, count), stop);
            }
        }

        private static async Task SendAllAsync(Socket socket, ReadOnlyMemory<byte> bytes, CancellationToken stop)
        {
            while (!bytes.IsEmpty) bytes = bytes[await socket.SendAsync(bytes, stop)..];
        }
    }
}
