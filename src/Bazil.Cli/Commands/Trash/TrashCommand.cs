using System.CommandLine;

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

    /// <summary>What begins like a path of this machine is made one that the server knows; all else is a number, or a path or pattern from the root of a volume.</summary>
    public static string[] WhatOf(CommandContext context, string? volume, IEnumerable<string>? what) =>
        [.. (what ?? []).Select(one => volume is null && (one.StartsWith('/') || one.StartsWith("./", StringComparison.Ordinal) || one.StartsWith("../", StringComparison.Ordinal)) ? HistoryCommand.PathOf(context, one) : one)];
}
