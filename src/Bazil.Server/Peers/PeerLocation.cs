using System.Globalization;
using System.Net;
using Bazil.Server.Errors;

namespace Bazil.Server.Peers;

/// <summary>Addresses of peers as people write them: <c>host:port</c>, <c>192.0.2.42:34211</c>, <c>[2001:db8::1]:34211</c>.</summary>
public static class PeerLocation
{
    private const int HostLengthMax = 253;

    /// <exception cref="CommandFailedException">It is not an address; the message says why.</exception>
    public static string Check(string text)
    {
        int colon = text.LastIndexOf(':');
        string host = colon < 0 ? text : text[..colon];
        if (colon < 0 || !ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port) || port == 0)
        {
            throw Bad(text, "it must be HOST:PORT, with a port from 1 to 65535");
        }

        if (host is ['[', .., ']'])
        {
            return IPAddress.TryParse(host[1..^1], out IPAddress? address) && address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6
                ? text
                : throw Bad(text, $"{host} is not an IPv6 address");
        }

        if (host.Contains(':')) throw Bad(text, "an IPv6 address is written in brackets: [2001:db8::1]:34211");
        if (host.Length is 0 or > HostLengthMax || host.Any(static c => !char.IsAsciiLetterOrDigit(c) && c is not ('.' or '-' or '_')))
        {
            throw Bad(text, "the host is neither a name nor an address");
        }

        return text;
    }

    private static CommandFailedException Bad(string text, string reason) =>
        new(ErrorKind.Invalid, $"invalid location \"{text}\": {reason}");
}
