using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Bazil.Unix;

/// <summary>Who is at the other end of a Unix socket, as the kernel saw it when the connection was made (SO_PEERCRED, unix(7)).</summary>
public readonly record struct PeerCredentials(int ProcessId, uint UserId, uint GroupId)
{
    private const int SolSocket = 1;
    private const int SoPeerCred = 17;

    /// <exception cref="SocketException">Not a connected Unix socket.</exception>
    public static PeerCredentials Of(Socket socket)
    {
        Span<int> credentials = stackalloc int[3];
        int size = socket.GetRawSocketOption(SolSocket, SoPeerCred, MemoryMarshal.AsBytes(credentials));
        if (size != 3 * sizeof(int)) throw new SocketException((int)SocketError.OperationNotSupported);
        return new PeerCredentials(credentials[0], (uint)credentials[1], (uint)credentials[2]);
    }
}
