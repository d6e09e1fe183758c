using System.CommandLine;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Commands.Trash;

/// <summary><c>bazil trash</c></summary>
internal static class TrashCommand
{
    public static Command Create(CommandContext context) =>
        new("trash", "What peers deleted and overwrote, kept on this machine for a while.")
        {
            TrashListCommand.Create(context),
            TrashRestoreCommand.Create(context),
            TrashEmptyCommand.Create(context),
        };

    public static Option<string?> VolumeOption() => new("--volume") { Description = "Only this volume", HelpName = "VOLUMENAME" };

    public static Argument<string[]> WhatArgument(string description) => new("WHAT") { Description = description, Arity = ArgumentArity.ZeroOrMore };

    /// <summary>
    /// What begins like a path of this machine is one. Anything else but a number may be a path from here, as for other commands, and if nothing in the trash has that, a path or pattern from the
    /// root of a volume, as lists show it. With a volume all paths count from its root.
    /// </summary>
    public static TrashNamed[] WhatOf(CommandContext context, string? volume, IEnumerable<string>? what) => [.. (what ?? []).Select(one => NamedBy(context, volume, one))];

    private static TrashNamed NamedBy(CommandContext context, string? volume, string text)
    {
        if (volume is not null || text.Length == 0 || text.All(char.IsAsciiDigit)) return new TrashNamed(text, null);
        bool isPath = text.StartsWith('/') || text.StartsWith("./", StringComparison.Ordinal) || text.StartsWith("../", StringComparison.Ordinal);
        return new TrashNamed(isPath ? null : text, HistoryCommand.PathOf(context, text));
    }
}
