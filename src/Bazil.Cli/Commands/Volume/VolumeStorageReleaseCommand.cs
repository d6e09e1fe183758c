using System.CommandLine;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Commands.Volume;

/// <summary><c>bazil volume storage release</c></summary>
internal static class VolumeStorageReleaseCommand
{
    public static Command Create(CommandContext context)
    {
        Argument<string> volume = VolumeCommand.NameArgument();
        var name = new Argument<string>("NAME") { Description = "What \"volume storage list\" calls it" };
        var node = new Argument<string>("NODE") { Description = "Public key or nickname of the node, as \"gc\" names it" };
        var command = new Command("release", "Wait no more for a node that is gone for good before anything is removed from a storage. What only it had there may go.") { volume, name, node };
        command.SetAction((parsed, cancel) => context.CallAsync(
            parsed,
            ControlMethods.VolumeStorageRelease,
            new VolumeStorageReleaseRequest(parsed.GetRequiredValue(volume), parsed.GetRequiredValue(name), parsed.GetRequiredValue(node)),
            cancel));
        return command;
    }
}
