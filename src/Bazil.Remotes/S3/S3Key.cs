using System.Diagnostics.CodeAnalysis;

namespace Bazil.Remotes.S3;

/// <summary>Credentials of an S3 server.</summary>
/// <param name="Id">Names the key; no secret.</param>
/// <param name="Secret">What requests are signed with; never sent.</param>
/// <param name="SessionToken">Of credentials that expire; null for others.</param>
public sealed record S3Key(string Id, string Secret, string? SessionToken)
{
    private const string IdName = "aws_access_key_id", SecretName = "aws_secret_access_key", TokenName = "aws_session_token";

    /// <summary>
    /// Reads what a person keeps: lines as in <c>~/.aws/credentials</c> or of the environment (<c>AWS_ACCESS_KEY_ID=…</c>, with <c>export</c> or without), or just the two keys on a line each.
    /// </summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out S3Key? key)
    {
        var values = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        List<string> plain = [];
        foreach (string line in text.Split('\n').Select(static line => line.Trim()).Where(static line => line.Length > 0 && line[0] is not ('#' or ';' or '[')))
        {
            string assignment = line.StartsWith("export ", StringComparison.Ordinal) ? line["export ".Length..] : line;
            int equals = assignment.IndexOf('=', StringComparison.Ordinal);
            string name = equals < 0 ? "" : assignment[..equals].Trim();
            if (name.StartsWith("aws_", StringComparison.OrdinalIgnoreCase)) values[name] = assignment[(equals + 1)..].Trim().Trim('"', '\'');
            else plain.Add(line);
        }

        // A secret key may have an equals sign in it; neither has blanks.
        if (values.Count == 0 && plain.Count == 2) (values[IdName], values[SecretName]) = (plain[0], plain[1]);
        key = null;
        if (!values.TryGetValue(IdName, out string? id) || !values.TryGetValue(SecretName, out string? secret) || !IsWord(id) || !IsWord(secret)) return false;
        string? token = values.GetValueOrDefault(TokenName);
        if (token is not null && !IsWord(token)) return false;
        key = new S3Key(id, secret, token);
        return true;
    }

    /// <summary>Its name only: what is logged or shown by accident is no secret.</summary>
    public override string ToString() => Id;

    private static bool IsWord(string text) => text.Length > 0 && text.All(static letter => letter is > ' ' and < '\x7f');
}
