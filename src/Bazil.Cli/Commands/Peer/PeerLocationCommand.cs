using System.CommandLine;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Commands.Peer;

/// <summary><c>bazil peer location set</c></summary>
internal static class PeerLocationCommand
{
    public static Command Create(CommandContext context)
    {
        Argument<string> peer = PeerCommand.PeerArgument();
        var location = new Argument<string>("HOST:PORT") { Description = "Where its server listens" };
        var set = new Command("set", "Say where a peer is reached.") { peer, location };
        set.SetAction((parsed, cancel) => context.CallAsync(
            parsed, ControlMethods.PeerLocationSet, new PeerLocationRequest(parsed.GetRequiredValue(peer), parsed.GetRequiredValue(location)), cancel));
        return new Command("location", "Where peers are reached.") { set };
    }
}
