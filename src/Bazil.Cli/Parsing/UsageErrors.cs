using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text;

namespace Bazil.Cli.Parsing;

/// <summary>Says what is wrong with a command line, how it should look, and where to read more.</summary>
internal static class UsageErrors
{
    /// <summary>Reports the first error of a failed parse.</summary>
    public static int Report(ParseResult parsed, TextWriter error) => Report(parsed.CommandResult.Command, Describe(parsed), error);

    /// <summary>Reports an error that was found after parsing.</summary>
    public static int Report(Command command, string message, TextWriter error)
    {
        string path = PathOf(command);
        error.WriteLine($"bazil: {(command is RootCommand ? "" : path["bazil ".Length..] + ": ")}{message}");
        foreach ((string synopsis, int index) in Synopses(command).Select(static (synopsis, index) => (synopsis, index))) error.WriteLine($"bazil: {(index == 0 ? "usage" : "   or")}: {synopsis}");
        error.WriteLine($"bazil: see: {path} --help");
        return ExitCode.Usage;
    }

    private static string Describe(ParseResult parsed)
    {
        CommandResult result = parsed.CommandResult;
        Command command = result.Command;
        if (parsed.UnmatchedTokens is [{ } token, ..])
        {
            if (token.StartsWith('-') && token.Length > 1) return $"unknown option {token}";
            return command.Subcommands.Count > 0 ? UnknownCommand(token, command) : $"too many arguments: {token}";
        }

        if (command.Subcommands.Count > 0 && command.Action is null) return "missing command";
        foreach (Argument argument in command.Arguments)
        {
            if (argument.Arity.MinimumNumberOfValues > 0 && (parsed.GetResult(argument)?.Tokens.Count ?? 0) == 0) return $"missing argument {argument.Name}";
        }

        if (command.Options.FirstOrDefault(option => option.Required && parsed.GetResult(option) is null or { Implicit: true }) is { } missing)
        {
            return $"missing option -{missing.Name.TrimStart('-')}";
        }

        if (result.Children.OfType<OptionResult>().FirstOrDefault(static option => option.Errors.Any() && option.Tokens.Count > 0) is { } wrong)
        {
            string what = wrong.Option.ValueType == typeof(int) ? ": it must be a whole number" : "";
            return $"invalid value \"{wrong.Tokens[0].Value}\" of -{wrong.Option.Name.TrimStart('-')}{what}";
        }

        return parsed.Errors[0].Message.TrimEnd('.');
    }

    private static string UnknownCommand(string token, Command command)
    {
        string? near = command.Subcommands
            .Select(c => (c.Name, Distance: EditDistance(token, c.Name)))
            .Where(c => c.Distance <= Math.Max(1, token.Length / 3))
            .OrderBy(static c => c.Distance)
            .Select(static c => c.Name)
            .FirstOrDefault();
        return near is null ? $"unknown command {token}" : $"unknown command {token}; did you mean {near}?";
    }

    private static string PathOf(Command command) =>
        command.Parents.OfType<Command>().FirstOrDefault() is { } parent ? $"{PathOf(parent)} {command.Name}" : "bazil";

    /// <summary>How a command is written, a line for each way.</summary>
    public static IEnumerable<string> Synopses(Command command)
    {
        string path = PathOf(command);
        if (command is WrittenOutCommand { Usage: var usage }) yield return $"{path} {usage}";
        else if (command.Subcommands.Count == 0 || command.Action is not null) yield return Synopsis(command, path);
        if (command.Subcommands.Count > 0) yield return $"{path} {string.Join('|', command.Subcommands.Where(static c => !c.Hidden).Select(static c => c.Name))}";
    }

    private static string Synopsis(Command command, string path)
    {
        var text = new StringBuilder(path);
        foreach (Option option in command.Options.Where(static o => !o.Recursive && !o.Hidden && o is not System.CommandLine.Help.HelpOption and not VersionOption))
        {
            string value = option.Arity.MaximumNumberOfValues > 0 && option.ValueType != typeof(bool) ? "=" + (option.HelpName ?? "VALUE") : "";
            string flag = $"-{option.Name.TrimStart('-')}{value}", many = option.Arity.MaximumNumberOfValues > 1 ? "..." : "";
            text.Append(option.Required ? $" {flag}{many}" : $" [{flag}]{many}");
        }

        foreach (Argument argument in command.Arguments)
        {
            // One that is named by several words says itself how often each may be given.
            string many = argument.Arity.MaximumNumberOfValues > 1 && !argument.Name.Contains(' ', StringComparison.Ordinal) ? "..." : "";
            text.Append(argument.Arity.MinimumNumberOfValues == 0 ? $" [{argument.Name}{many}]" : $" {argument.Name}{many}");
        }

        return text.ToString();
    }

    /// <summary>Levenshtein distance.</summary>
    private static int EditDistance(string a, string b)
    {
        int[] row = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(substituted, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[b.Length];
    }
}
