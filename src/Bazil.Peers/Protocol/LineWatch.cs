using System.Net.Sockets;

namespace Bazil.Peers.Protocol;

/// <summary>
/// Lets the kernel find out that a line is dead, by TCP's own probes: they keep what is between two machines open as pings of HTTP/2 would, but wake no
/// process on either of them. The nearest kernel answers them, which may be that of something in between: see <see cref="PeerClientOptions.PingInterval"/>.
/// </summary>
internal static class LineWatch
{
    private const int ProtocolTcp = 6; // IPPROTO_TCP
    private const int UserTimeout = 18; // TCP_USER_TIMEOUT, Linux 2.6.37
    private const int Probes = 4;

    /// <summary>A quiet line is probed after <paramref name="quiet"/>. It ends when nothing came for twice as long, and when what was sent is not acknowledged for twice as long. What the system cannot do is left out.</summary>
    public static void Begin(Socket socket, TimeSpan quiet)
    {
        int seconds = Math.Max(Probes, (int)quiet.TotalSeconds);
        Try(() => socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, seconds));
        Try(() => socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, seconds / Probes));
        Try(() => socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, Probes));
        Try(() => socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true));
        if (OperatingSystem.IsLinux()) Try(() => socket.SetRawSocketOption(ProtocolTcp, UserTimeout, BitConverter.GetBytes(2 * seconds * 1000)));
    }

    private static void Try(Action set)
    {
        try
        {
            set();
        }
        catch (SocketException)
        {
            // A sandbox may lack an option, and the other side may be gone already, which the next read finds: no reason to be without a connection.
        }
    }
}
