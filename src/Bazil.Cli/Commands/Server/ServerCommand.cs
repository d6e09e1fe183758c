using System.CommandLine;

namespace Bazil.Cli.Commands.Server;

/// <summary><c>bazil server</c></summary>
internal static class ServerCommand
{
    public static Command Create(CommandContext context) =>
        new("server", "Run this node's server, or ask whether it runs.")
        {
            ServerRunCommand.Create(context),
            ServerPingCommand.Create(context),
        };
}
