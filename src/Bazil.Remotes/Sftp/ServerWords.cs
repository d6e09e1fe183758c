namespace Bazil.Remotes.Sftp;

/// <summary>Text that a server chose, as it may be shown.</summary>
internal static class ServerWords
{
    /// <summary>One line without control characters, of bounded length: a terminal obeys some of them, and a log has lines.</summary>
    public static string Printable(string words)
    {
        string cut = words.Length > Limits.ServerWordsMax ? words[..Limits.ServerWordsMax] + "…" : words;
        return new string([.. cut.Select(static letter => char.IsControl(letter) || char.IsSurrogate(letter) || letter is '\u2028' or '\u2029' ? ' ' : letter)]).Trim();
    }
}
