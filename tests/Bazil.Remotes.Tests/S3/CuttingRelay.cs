using System.Net;
using System.Net.Sockets;

namespace Bazil.Remotes.Tests.S3;

/// <summary>Passes connections on to a server on loopback, ends each after so many bytes of its answers, and may change a byte of what is uploaded.</summary>
internal sealed class CuttingRelay : LoopbackServer
{
    private const int HeaderBytesMax = 4096;

    private readonly long _cutAfterBytes;
    private readonly int _port;
    private int _connections;

    public CuttingRelay(int port, long cutAfterBytes)
    {
        (_port, _cutAfterBytes) = (port, cutAfterBytes);
        Start();
    }

    public int Connections => Volatile.Read(ref _connections);

    /// <summary>The last byte of each piece that is too long for a header is changed.</summary>
    public bool FlipsUploads { get; init; }

    protected override async Task ServeAsync(Socket socket)
    {
        using Socket client = socket, server = new(SocketType.Stream, ProtocolType.Tcp);
        Interlocked.Increment(ref _connections);
        try
        {
            await server.ConnectAsync(IPAddress.Loopback, _port, Ending);
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(Ending);
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
