using System.CommandLine;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Commands.Volume;

/// <summary><c>bazil volume remove</c></summary>
internal static class VolumeRemoveCommand
{
    public static Command Create(CommandContext context)
    {
        Argument<string> name = VolumeCommand.NameArgument();
        var command = new Command("remove", "Forget a volume on this machine, with all its files and snapshots here. Other members keep theirs.") { name };
        command.SetAction(async (parsed, cancel) =>
        {
            await context.CallAsync(parsed, ControlMethods.VolumeRemove, new VolumeRequest(parsed.GetRequiredValue(name)), cancel);
            await context.Environment.Error.WriteLineAsync("bazil: its content is deleted by the next collections; at once: bazil gc");
        });
        return command;
    }
}
