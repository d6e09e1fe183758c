using System.CommandLine;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Commands.Volume;

/// <summary><c>bazil volume unmount</c></summary>
internal static class VolumeUnmountCommand
{
    public static Command Create(CommandContext context)
    {
        Argument<string> name = VolumeCommand.NameArgument();
        var command = new Command("unmount", "Unmount a volume and make everything in it durable.") { name };
        command.SetAction((parsed, cancel) =>
            context.CallAsync(parsed, ControlMethods.VolumeUnmount, new VolumeRequest(parsed.GetRequiredValue(name)), cancel));
        return command;
    }
}
