using System.Net;
using System.Net.Sockets;
using Bazil.Peers.Protocol;

namespace Bazil.Peers.Tests.Protocol;

public sealed class LineWatchTests
{
    [Fact]
    public void Kernel_probes_a_quiet_line_and_gives_up_after_twice_the_time()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        LineWatch.Begin(socket, TimeSpan.FromSeconds(60));
        Assert.NotEqual(0, (int)socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive)!);
        int quiet = (int)socket.GetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime)!;
        int interval = (int)socket.GetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval)!;
        int probes = (int)socket.GetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount)!;
        Assert.Equal((60, 120), (quiet, quiet + (interval * probes)));
        Span<byte> unacknowledged = stackalloc byte[4];
        socket.GetRawSocketOption(6, 18, unacknowledged); // IPPROTO_TCP, TCP_USER_TIMEOUT
        Assert.Equal(120_000, BitConverter.ToInt32(unacknowledged));
    }

    [Fact]
    public void Socket_that_knows_nothing_of_TCP_is_left_as_it_is()
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        LineWatch.Begin(socket, TimeSpan.FromSeconds(60));
        SendQueue.Bound(socket);
        Assert.Throws<SocketException>(() => socket.GetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime));
    }
}
