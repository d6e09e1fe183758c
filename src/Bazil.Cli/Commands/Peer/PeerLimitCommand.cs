using System.CommandLine;
using Bazil.Cli.Parsing;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Commands.Peer;

/// <summary><c>bazil peer limit PEER [-up RATE] [-down RATE] [-at HH:MM-HH:MM] [-off]</c></summary>
internal static class PeerLimitCommand
{
    public static Command Create(CommandContext context)
    {
        Argument<string> peer = PeerCommand.PeerArgument();
        var up = new Option<string?>("--up") { Description = "The most that is sent to it: 2MiB/s, 500kB/s and the like; left out, as fast as it goes", HelpName = "RATE" };
        var down = new Option<string?>("--down") { Description = "The most that is taken from it", HelpName = "RATE" };
        var at = new Option<string?>("--at") { Description = "Only at these hours of each day, by the clock of this machine", HelpName = "HH:MM-HH:MM" };
        var off = new Option<bool>("--off") { Description = "Take the limit away; with -at, that of these hours" };
        var command = new Command("limit", "Limit how fast content and metadata go to a peer and come from it.") { up, down, at, off, peer };
        command.SetAction((parsed, cancel) =>
        {
            bool hasRate = parsed.GetValue(up) is not null || parsed.GetValue(down) is not null;
            if (parsed.GetValue(off) == hasRate) throw new UsageException(hasRate ? "-off goes with neither -up nor -down" : "give -up, -down, or -off");
            return context.CallAsync(
                parsed, ControlMethods.PeerLimit, new PeerLimitRequest(parsed.GetRequiredValue(peer), parsed.GetValue(up), parsed.GetValue(down), parsed.GetValue(at)), cancel);
        });
        return command;
    }
}
