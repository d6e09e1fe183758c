using System.CommandLine;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Commands.Server;

/// <summary><c>bazil server ping</c></summary>
internal static class ServerPingCommand
{
    public static Command Create(CommandContext context)
    {
        var command = new Command("ping", "Succeed if the server runs.");
        command.SetAction((parsed, cancel) => context.CallAsync(parsed, ControlMethods.Ping, Nothing.Instance, cancel));
        return command;
    }
}
