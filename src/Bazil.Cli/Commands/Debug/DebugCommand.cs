using System.CommandLine;

namespace Bazil.Cli.Commands.Debug;

/// <summary><c>bazil debug</c></summary>
internal static class DebugCommand
{
    public static Command Create(CommandContext context) =>
        new("debug", "Look at the database directly; only while no server runs on it.") { DebugPubkeyCommand.Create(context) };
}
