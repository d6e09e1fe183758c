using System.Net.Sockets;
using System.Security.Authentication;

namespace Bazil.Peers.Calling;

/// <summary>Reads the framework's exceptions of a failed connection.</summary>
internal static class Failures
{
    /// <summary>True for what a broken, closed or reset connection throws.</summary>
    public static bool IsConnection(Exception e) => e is HttpRequestException or IOException or SocketException or AuthenticationException;

    /// <summary>True when the other side closed the connection in an orderly or disorderly way.</summary>
    public static bool IsClosed(HttpRequestException e) =>
        e.HttpRequestError is HttpRequestError.ResponseEnded or HttpRequestError.HttpProtocolError or HttpRequestError.Unknown
        || e.InnerException is IOException;

    /// <summary>True when a request never got onto a connection, so that it may go out on another.</summary>
    public static bool IsLinkEnded(Exception? e)
    {
        for (; e is not null; e = e.InnerException)
        {
            if (e is LinkEndedException) return true;
        }
        return false;
    }

    /// <summary>The reason in a person's words: the innermost one that says something.</summary>
    public static string Reason(Exception e)
    {
        string reason = e.Message;
        for (Exception? at = e; at is not null; at = at.InnerException)
        {
            switch (at)
            {
                case SocketException socket:
                    return socket.SocketErrorCode switch
                    {
                        SocketError.ConnectionRefused => "connection refused; nothing listens there",
                        SocketError.HostNotFound or SocketError.NoData => "its name cannot be resolved",
                        SocketError.TimedOut => "no answer",
                        SocketError.ConnectionReset => "the connection was cut",
                        _ => socket.Message,
                    };
                case HttpProtocolException or HttpIOException:
                    return "the connection was cut";
                default:
                    reason = at.Message;
                    break;
            }
        }
        return reason;
    }
}
