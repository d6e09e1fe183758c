using System.CommandLine;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Commands.Peer;

/// <summary><c>bazil peer remove</c></summary>
internal static class PeerRemoveCommand
{
    public static Command Create(CommandContext context)
    {
        Argument<string> peer = PeerCommand.PeerArgument();
        var command = new Command("remove", "Forget a peer and all that it may do, at once. What it has pulled already, it keeps.") { peer };
        command.SetAction((parsed, cancel) =>
            context.CallAsync(parsed, ControlMethods.PeerRemove, new PeerRequest(parsed.GetRequiredValue(peer)), cancel));
        return command;
    }
}
