using System.Globalization;
using System.Net;

namespace Bazil.Peers;

/// <summary>The text form of a peer's address: <c>host:port</c>, <c>192.0.2.1:port</c> or <c>[2001:db8::1]:port</c>.</summary>
public static class PeerAddress
{
    /// <summary>Parses an address; names are not looked up yet. False when it is none, or has no port.</summary>
    public static bool TryParse(string text, out EndPoint endpoint)
    {
        endpoint = new IPEndPoint(IPAddress.None, 0);
        int colon = text.LastIndexOf(':');
        if (colon <= 0 || !ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port) || port == 0)
            return false;
        var host = text.AsSpan(0, colon);
        bool bracketed = host.Length > 2 && host[0] == '[' && host[^1] == ']';
        if (bracketed) host = host[1..^1];
        if (IPAddress.TryParse(host, out var address))
        {
            // A bare IPv6 address with a port cannot be told from one without.
            if (address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 != bracketed) return false;
            endpoint = new IPEndPoint(address, port);
            return true;
        }
        if (bracketed || Uri.CheckHostName(host.ToString()) != UriHostNameType.Dns) return false;
        endpoint = new DnsEndPoint(host.ToString(), port);
        return true;
    }
}
