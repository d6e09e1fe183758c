using System.CommandLine;
using Bazil.Cli.Parsing;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Commands.Volume;

/// <summary><c>bazil volume storage limit [-up RATE] [-down RATE] [-at HH:MM-HH:MM] [-off] VOLUMENAME NAME</c></summary>
internal static class VolumeStorageLimitCommand
{
    public static Command Create(CommandContext context)
    {
        Argument<string> volume = VolumeCommand.NameArgument();
        var name = new Argument<string>("NAME") { Description = "What \"volume storage list\" calls it" };
        var up = new Option<string?>("--up") { Description = "The most that is copied to it: 2MiB/s, 500kB/s and the like", HelpName = "RATE" };
        var down = new Option<string?>("--down") { Description = "The most that is read from it for this volume", HelpName = "RATE" };
        var at = new Option<string?>("--at") { Description = "Only at these hours of each day, by the clock of this machine", HelpName = "HH:MM-HH:MM" };
        var off = new Option<bool>("--off") { Description = "Take all limits away; with -at, those of these hours" };
        var command = new Command("limit", "Limit how fast content is copied to a storage on another machine, and read from it.") { up, down, at, off, volume, name };
        command.SetAction((parsed, cancel) =>
        {
            bool hasRate = parsed.GetValue(up) is not null || parsed.GetValue(down) is not null;
            if (parsed.GetValue(off) == hasRate) throw new UsageException(hasRate ? "-off does not go with -up or -down" : "give -up or -down, or -off");
            return context.CallAsync(
                parsed,
                ControlMethods.VolumeStorageLimit,
                new VolumeStorageLimitRequest(parsed.GetRequiredValue(volume), parsed.GetRequiredValue(name), parsed.GetValue(up), parsed.GetValue(down), parsed.GetValue(at)),
                cancel);
        });
        return command;
    }
}
