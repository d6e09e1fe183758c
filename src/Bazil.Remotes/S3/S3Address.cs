using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Bazil.Remotes.S3;

/// <summary>
/// Where an S3 folder is: <c>s3://BUCKET[/PREFIX][?endpoint=URL][&amp;region=R][&amp;path-style=BOOL][&amp;secret=NAME]</c>. Without an endpoint it is AWS. Nothing secret is part of it.
/// </summary>
/// <param name="Bucket">Its name.</param>
/// <param name="Prefix">What all names of files begin with, without a slash at its end; empty for none.</param>
/// <param name="Endpoint">The server, <c>http://</c> or <c>https://</c>, without a slash at its end; null for AWS.</param>
/// <param name="Region">Null for the one of the environment, or <c>us-east-1</c> where there is an endpoint.</param>
/// <param name="IsPathStyle">The bucket is the first part of the path, rather than of the host's name.</param>
/// <param name="Secret">Under which name this node keeps the credentials; null for what AWS's own tools use.</param>
public sealed record S3Address(string Bucket, string Prefix, string? Endpoint, string? Region, bool IsPathStyle, string? Secret)
{
    private const string Scheme = "s3:";
    private const string Start = "s3://";
    private const string EndpointOption = "endpoint", RegionOption = "region", PathStyleOption = "path-style", SecretOption = "secret";

    /// <summary>Whether a text is meant to be one.</summary>
    public static bool IsMeant(string text) => text.StartsWith(Scheme, StringComparison.Ordinal);

    /// <summary>Parses an address.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out S3Address? address) => Parse(text, out address) is null;

    /// <summary>What is wrong with an address; null when nothing is. No part of it that may be secret is repeated.</summary>
    public static string? ProblemOf(string text) => Parse(text, out _);

    /// <summary>Whether a name is one that a secret may have: it is the name of a file, too.</summary>
    public static bool IsSecretName(string name) =>
        name.Length is > 0 and <= Limits.S3SecretNameMax && char.IsAsciiLetterOrDigit(name[0]) && name.All(static letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.');

    public override string ToString()
    {
        var text = new StringBuilder(Start).Append(Bucket);
        if (Prefix.Length > 0) text.Append('/').Append(Prefix);
        char separator = '?';
        Append(EndpointOption, Endpoint);
        Append(RegionOption, Region);
        Append(PathStyleOption, IsPathStyle == (Endpoint is not null) ? null : IsPathStyle ? "true" : "false");
        Append(SecretOption, Secret);
        return text.ToString();

        void Append(string option, string? value)
        {
            if (value is null) return;
            text.Append(separator).Append(option).Append('=').Append(value);
            separator = '&';
        }
    }

    /// <summary>Returns what is wrong, or null and the address.</summary>
    private static string? Parse(string text, out S3Address? address)
    {
        address = null;
        if (!text.StartsWith(Start, StringComparison.Ordinal)) return "it must be s3://BUCKET[/PREFIX]";
        if (text.Any(char.IsControl) || Encoding.UTF8.GetByteCount(text) > Limits.S3AddressBytes) return "it is too long, or has control characters in it";
        int question = text.IndexOf('?', StringComparison.Ordinal);
        string place = question < 0 ? text[Start.Length..] : text[Start.Length..question];
        int slash = place.IndexOf('/', StringComparison.Ordinal);
        string bucket = slash < 0 ? place : place[..slash], prefix = slash < 0 ? "" : place[(slash + 1)..].TrimEnd('/');
        if (bucket.AsSpan().ContainsAny('@', ':')) return "credentials are no part of an address: others would see them; keep them with: bazil secret set NAME, and add secret=NAME";
        if (!IsBucket(bucket)) return "a bucket's name has 3 to 63 lower-case letters, digits, dots and dashes";
        if (prefix.Contains('#') || prefix.Split('/').Any(static part => part is "." or "..") || prefix.Contains("//", StringComparison.Ordinal) || prefix.StartsWith('/')) return "the prefix has an empty part, . or .., or a # in it";
        return ParseOptions(question < 0 ? "" : text[(question + 1)..], new S3Address(bucket, prefix, null, null, false, null), out address);
    }

    private static string? ParseOptions(string text, S3Address plain, out S3Address? address)
    {
        address = null;
        bool? isPathStyle = null;
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (string option in text.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            int equals = option.IndexOf('=', StringComparison.Ordinal);
            string name = equals < 0 ? option : option[..equals], value = equals < 0 ? "" : Uri.UnescapeDataString(option[(equals + 1)..]);
            if (!seen.Add(name)) return "an option is there twice";
            string? problem = null;
            switch (name)
            {
                case EndpointOption: plain = plain with { Endpoint = ParseEndpoint(value, out problem) }; break;
                case RegionOption: (plain, problem) = (plain with { Region = value }, IsRegion(value) ? null : "a region is a word like eu-central-1"); break;
                case PathStyleOption: (isPathStyle, problem) = (value is "true" or "", value is "true" or "false" or "" ? null : "path-style is true or false"); break;
                case SecretOption: (plain, problem) = (plain with { Secret = value }, IsSecretName(value) ? null : "the name of a secret has letters, digits, dots, dashes and underscores"); break;
                default: problem = "the options are endpoint, region, path-style and secret (the name of one, see: bazil secret set); credentials are no part of an address"; break;
            }

            if (problem is not null) return problem;
        }

        address = plain with { IsPathStyle = isPathStyle ?? plain.Endpoint is not null };
        return null;
    }

    private static string? ParseEndpoint(string text, out string? problem)
    {
        problem = null;
        if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) || (uri.Scheme != Uri.UriSchemeHttp && uri.Scheme != Uri.UriSchemeHttps) || uri.Host.Length == 0) problem = "an endpoint is a URL like https://s3.example.org";
        else if (uri.UserInfo.Length > 0) problem = "credentials are no part of an endpoint: others would see them; keep them with: bazil secret set NAME";
        else if (uri.Query.Length > 0 || uri.Fragment.Length > 0 || uri.AbsolutePath.AsSpan().ContainsAny("&%")) problem = "an endpoint is a URL without a query";
        return problem is null ? uri!.GetLeftPart(UriPartial.Path).TrimEnd('/') : null;
    }

    private static bool IsBucket(string name) =>
        name.Length is >= 3 and <= 63 && char.IsAsciiLetterOrDigit(name[0]) && char.IsAsciiLetterOrDigit(name[^1]) && name.All(static letter => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter is '-' or '.');

    private static bool IsRegion(string name) => name.Length is > 0 and <= 64 && name.All(static letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_');
}
