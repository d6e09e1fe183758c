using System.CommandLine;

namespace Bazil.Cli.Commands.Server;

/// <summary><c>bazil server</c></summary>
internal static class ServerCommand
{
    public static Command Create(CommandContext context) =>
        new("server", "Run this node's server, ask whether it runs, or repair its database.")
        {
            ServerRunCommand.Create(context),
            ServerPingCommand.Create(context),
            ServerRepairCommand.Create(context),
        };
}
