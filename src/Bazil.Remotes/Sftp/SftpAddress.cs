using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Bazil.Remotes.Sftp;

/// <summary>
/// Where an SFTP folder is: <c>sftp://[user@]host[:port]/path</c>, the path absolute, or <c>sftp:[user@]host:path</c> as scp writes it, the path relative to the home
/// directory there unless it begins with a slash. The host may be a name from the person's ssh configuration.
/// </summary>
public sealed record SftpAddress(string? User, string Host, int? Port, string Path)
{
    private const string Prefix = "sftp:";

    public static bool TryParse(string text, [NotNullWhen(true)] out SftpAddress? address)
    {
        address = null;
        if (!text.StartsWith(Prefix, StringComparison.Ordinal) || text.Any(char.IsControl)) return false;
        string rest = text[Prefix.Length..];
        address = rest.StartsWith("//", StringComparison.Ordinal) ? ParseUrl(rest[2..]) : ParseScp(rest);

        // What begins with a dash would be taken for an option by ssh.
        if (address is { Host.Length: > 0, Path.Length: > 0 } && address.Host[0] != '-' && address.User is not ("" or ['-', ..])) return true;
        address = null;
        return false;
    }

    public override string ToString()
    {
        string login = (User is null ? "" : User + "@") + Host;
        return Port is null && Path[0] != '/' ? $"{Prefix}{login}:{Path}" : $"{Prefix}//{login}{(Port is null ? "" : ":" + Port.Value.ToString(CultureInfo.InvariantCulture))}{Path}";
    }

    private static SftpAddress? ParseUrl(string text)
    {
        int slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0) return null;
        (string? user, string host) = SplitUser(text[..slash]);
        int? port = null;
        int colon = host.LastIndexOf(':');
        if (colon > host.LastIndexOf(']'))
        {
            if (!ushort.TryParse(host.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort number) || number == 0) return null;
            (host, port) = (host[..colon], number);
        }

        return new SftpAddress(user, host.Trim('[', ']'), port, text[slash..]);
    }

    private static SftpAddress? ParseScp(string text)
    {
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0) return null;
        (string? user, string host) = SplitUser(text[..colon]);
        return new SftpAddress(user, host, null, text[(colon + 1)..]);
    }

    private static (string? User, string Host) SplitUser(string login)
    {
        int at = login.LastIndexOf('@');
        return at < 0 ? (null, login) : (login[..at], login[(at + 1)..]);
    }
}
