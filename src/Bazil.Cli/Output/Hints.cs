using System.Text.RegularExpressions;

namespace Bazil.Cli.Output;

/// <summary>Commands that messages tell people to run. Where a data directory was named on the command line, they need it too: without it they would be about another node.</summary>
internal sealed partial class Hints(string dataDirectory, IReadOnlyCollection<string> commands)
{
    private readonly string _flag = Quote($"-data-dir={dataDirectory}");

    /// <summary>The text with the flag in each command that is to be run on this machine. What is to be run on another one stays as it is.</summary>
    public string In(string text) => CommandStart().Replace(text, match => IsHere(text, match) ? $"bazil {_flag} {match.Groups[1].Value}" : match.Value);

    private bool IsHere(string text, Match match)
    {
        if (!commands.Contains(match.Groups[1].Value)) return false;
        int start = text.LastIndexOf(';', match.Index) + 1, end = text.IndexOf(';', match.Index);
        if (text.AsSpan(match.Index, (end < 0 ? text.Length : end) - match.Index).Contains("-data-dir", StringComparison.Ordinal)) return false;
        return !Elsewhere().IsMatch(text.AsSpan(start, match.Index - start));
    }

    /// <summary>As a shell reads it.</summary>
    private static string Quote(string word) => Plain().IsMatch(word) ? word : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    [GeneratedRegex(@"\bbazil ([a-z]+)")]
    private static partial Regex CommandStart();

    /// <summary>What stands before a command for another machine: "there: bazil …", "on white, bazil …".</summary>
    [GeneratedRegex(@"\bthere\b|\bon (?!this)")]
    private static partial Regex Elsewhere();

    [GeneratedRegex(@"^[\w./:@%+=,-]+$")]
    private static partial Regex Plain();
}
