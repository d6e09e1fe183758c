using System.Globalization;
using System.Net;

namespace Bazil.Cli.Parsing;

/// <summary>The value of <c>-addr</c>: <c>:PORT</c> for all addresses, or <c>HOST:PORT</c> with a numeric host or <c>localhost</c>.</summary>
internal static class ListenAddress
{
    /// <exception cref="UsageException">It is not such an address.</exception>
    public static IPEndPoint Parse(string text)
    {
        int colon = text.LastIndexOf(':');
        if (colon < 0 || !ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port))
        {
            throw new UsageException($"-addr must be [HOST]:PORT, not \"{text}\"");
        }

        string host = text[..colon];
        if (host is ['[', .., ']']) host = host[1..^1];
        IPAddress? address = host switch
        {
            "" => IPAddress.IPv6Any,
            "localhost" => IPAddress.Loopback,
            _ => IPAddress.TryParse(host, out IPAddress? parsed) ? parsed : null,
        };
        return address is null ? throw new UsageException($"-addr: \"{host}\" is not an address of this machine in digits") : new IPEndPoint(address, port);
    }
}
