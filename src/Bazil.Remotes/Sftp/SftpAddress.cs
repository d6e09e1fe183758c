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

    /// <summary>Parses an address. What is accepted is what <see cref="ToString"/> writes in another way: it is parsed again when it was stored.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out SftpAddress? address)
    {
        address = Parse(text);
        if (address is null || address == Parse(address.ToString())) return address is not null;
        address = null;
        return false;
    }

    /// <summary>Whether the text has a password where the user is. It would be seen in the list of processes, in logs and in the status; and nothing uses it.</summary>
    public static bool HasPassword(string text)
    {
        if (!text.StartsWith(Prefix, StringComparison.Ordinal)) return false;
        string rest = text[Prefix.Length..];
        bool isUrl = rest.StartsWith("//", StringComparison.Ordinal);
        int end = isUrl ? rest.IndexOf('/', 2) : -1;
        string login = end < 0 ? rest : rest[..end];
        int at = login.LastIndexOf('@');
        return at >= 0 && login[..at].Contains(':', StringComparison.Ordinal) && (isUrl || login.LastIndexOf(':') > at);
    }

    public override string ToString()
    {
        string login = (User is null ? "" : User + "@") + (Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host);
        return Port is null && Path[0] != '/' ? $"{Prefix}{login}:{Path}" : $"{Prefix}//{login}{(Port is null ? "" : ":" + Port.Value.ToString(CultureInfo.InvariantCulture))}{Path}";
    }

    private static SftpAddress? Parse(string text)
    {
        if (!text.StartsWith(Prefix, StringComparison.Ordinal) || text.Any(char.IsControl) || HasPassword(text)) return null;
        string rest = text[Prefix.Length..];
        SftpAddress? address = rest.StartsWith("//", StringComparison.Ordinal) ? ParseUrl(rest[2..]) : ParseScp(rest);

        // What begins with a dash would be taken for an option by ssh.
        bool isValid = address is { Host.Length: > 0, Path.Length: > 0 } && address.Host[0] != '-' && !address.Host.AsSpan().ContainsAny("[]/@ ") && address.User is not ("" or ['-', ..]);
        return isValid ? address : null;
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

        return new SftpAddress(user, WithoutBrackets(host), port, text[slash..]);
    }

    private static SftpAddress? ParseScp(string text)
    {
        // The colons of a bracketed address are its own.
        int bracket = text.IndexOf('[', StringComparison.Ordinal), first = text.IndexOf(':', StringComparison.Ordinal);
        int colon = bracket >= 0 && bracket < first ? text.IndexOf("]:", StringComparison.Ordinal) + 1 : first;
        if (colon <= 0) return null;
        (string? user, string host) = SplitUser(text[..colon]);
        return new SftpAddress(user, WithoutBrackets(host), null, text[(colon + 1)..]);
    }

    private static string WithoutBrackets(string host) => host is ['[', .., ']'] ? host[1..^1] : host;

    private static (string? User, string Host) SplitUser(string login)
    {
        int at = login.LastIndexOf('@');
        return at < 0 ? (null, login) : (login[..at], login[(at + 1)..]);
    }
}
