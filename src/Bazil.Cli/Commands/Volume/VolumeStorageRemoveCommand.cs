using System.CommandLine;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Commands.Volume;

/// <summary><c>bazil volume storage remove</c></summary>
internal static class VolumeStorageRemoveCommand
{
    public static Command Create(CommandContext context)
    {
        Argument<string> volume = VolumeCommand.NameArgument();
        var name = new Argument<string>("NAME") { Description = "What \"volume storage list\" calls it" };
        var command = new Command("remove", "Stop using a storage for a volume. The objects in it stay.") { volume, name };
        command.SetAction((parsed, cancel) => context.CallAsync(
            parsed,
            ControlMethods.VolumeStorageRemove,
            new VolumeStorageRemoveRequest(parsed.GetRequiredValue(volume), parsed.GetRequiredValue(name)),
            cancel));
        return command;
    }
}
