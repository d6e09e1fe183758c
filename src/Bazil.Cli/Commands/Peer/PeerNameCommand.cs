using System.CommandLine;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Commands.Peer;

/// <summary><c>bazil peer name</c></summary>
internal static class PeerNameCommand
{
    public static Command Create(CommandContext context)
    {
        Argument<string> peer = PeerCommand.PeerArgument();
        var nickname = new Argument<string?>("NICKNAME") { Description = "Its new nickname; leave it out to take the old one away", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command("name", "Give a peer a nickname, which then works wherever its key does.") { peer, nickname };
        command.SetAction((parsed, cancel) => context.CallAsync(
            parsed, ControlMethods.PeerName, new PeerNameRequest(parsed.GetRequiredValue(peer), parsed.GetValue(nickname)), cancel));
        return command;
    }
}
