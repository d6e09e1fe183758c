using System.CommandLine;
using System.Globalization;

namespace Bazil.Cli.Parsing;

/// <summary>
/// Long flags with a single dash, as the walkthrough has them: <c>-data-dir=PATH</c> and <c>-data-dir PATH</c> mean <c>--data-dir</c>.
/// One letter after the dash stays a short flag, and everything after <c>--</c> stays as it is.
/// </summary>
internal static class GoStyleFlags
{
    public static IReadOnlyList<string> Rewrite(IReadOnlyList<string> args, Command root)
    {
        HashSet<string> names = [.. Descendants(root).SelectMany(static c => c.Options).SelectMany(static o => o.Aliases.Append(o.Name))];
        Dictionary<string, string> implied = Descendants(root).SelectMany(static c => c.Options).OfType<ImpliedValueOption>().ToDictionary(static o => o.Name, static o => o.ImpliedValue);
        var rewritten = new List<string>(args.Count);
        int taken = 0;
        bool mayBeValue = false;
        foreach (string arg in args)
        {
            if (arg == "--") break;
            taken++;
            bool isValue = mayBeValue && IsPercentage(arg);
            mayBeValue = false;
            if (isValue)
            {
                rewritten[^1] = $"{rewritten[^1][..rewritten[^1].IndexOf('=', StringComparison.Ordinal)]}={arg}";
                continue;
            }

            string flag = IsLongFlag(arg, names) ? "-" + arg : arg;
            if (flag.Length > 3 && flag.StartsWith("--", StringComparison.Ordinal) && flag.EndsWith('=') && names.Contains(flag[..^1]))
            {
                // An empty value: the parser would take the next word for it.
                rewritten.AddRange([flag[..^1], ""]);
                continue;
            }

            mayBeValue = implied.TryGetValue(flag, out string? value);
            rewritten.Add(mayBeValue ? $"{flag}={value}" : flag);
        }

        rewritten.AddRange(args.Skip(taken));
        return rewritten;
    }

    /// <summary>Who has called something like this names it behind <c>--</c>.</summary>
    private static bool IsPercentage(string arg) =>
        arg.EndsWith('%') && double.TryParse(arg.AsSpan(0, arg.Length - 1), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out _);

    private static bool IsLongFlag(string arg, HashSet<string> names)
    {
        if (arg.Length < 3 || arg[0] != '-' || arg[1] == '-') return false;
        int end = arg.IndexOf('=', StringComparison.Ordinal);
        return names.Contains("-" + (end < 0 ? arg : arg[..end]));
    }

    private static IEnumerable<Command> Descendants(Command command) =>
        command.Subcommands.SelectMany(Descendants).Prepend(command);
}
