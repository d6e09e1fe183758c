using System.Net.Sockets;

namespace Bazil.Peers.Protocol;

/// <summary>
/// Keeps short what a connection has taken over and not sent: what is written later, an answer to a ping say, waits behind all of it. What is under way on
/// the network does not count, so it costs no speed.
/// </summary>
internal static class SendQueue
{
    private const int ProtocolTcp = 6; // IPPROTO_TCP
    private const int NotSentLowWater = 25; // TCP_NOTSENT_LOWAT, Linux 3.12

    public static void Bound(Socket socket)
    {
        if (!OperatingSystem.IsLinux()) return;
        try
        {
            socket.SetRawSocketOption(ProtocolTcp, NotSentLowWater, BitConverter.GetBytes(Limits.UnsentBytes));
        }
        catch (SocketException)
        {
            // A sandbox may lack the option: then answers wait behind more.
        }
    }
}
