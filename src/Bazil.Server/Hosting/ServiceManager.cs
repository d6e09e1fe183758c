using System.Net.Sockets;
using System.Text;

namespace Bazil.Server.Hosting;

/// <summary>Tells systemd how the daemon is doing: one datagram for each state (sd_notify(3)). Does nothing when no socket was given.</summary>
internal sealed class ServiceManager(string? socketPath)
{
    public void Ready() => Send("READY=1");

    public void Stopping() => Send("STOPPING=1");

    private void Send(string state)
    {
        if (string.IsNullOrEmpty(socketPath)) return;

        // A leading @ stands for the abstract namespace, whose names start with a NUL.
        string address = socketPath[0] == '@' ? "\0" + socketPath[1..] : socketPath;
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            socket.SendTo(Encoding.UTF8.GetBytes(state), new UnixDomainSocketEndPoint(address));
        }
        catch (SocketException)
        {
            // The service manager is gone or never was: the daemon works without it, and sd_notify(3) asks callers to ignore this.
        }
    }
}
