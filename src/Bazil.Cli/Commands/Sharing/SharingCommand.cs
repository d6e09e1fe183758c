using System.CommandLine;

namespace Bazil.Cli.Commands.Sharing;

/// <summary><c>bazil sharing</c></summary>
internal static class SharingCommand
{
    public static Command Create(CommandContext context) =>
        new("sharing", "Sharing keys: who has the same one can read the same volumes.")
        {
            SharingAddCommand.Create(context),
            SharingExportCommand.Create(context),
            SharingListCommand.Create(context),
            SharingRemoveCommand.Create(context),
        };
}
