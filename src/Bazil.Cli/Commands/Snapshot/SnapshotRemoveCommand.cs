using System.CommandLine;
using Bazil.Cli.Commands.Volume;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Commands.Snapshot;

/// <summary><c>bazil snapshot remove</c></summary>
internal static class SnapshotRemoveCommand
{
    public static Command Create(CommandContext context)
    {
        Argument<string> volume = VolumeCommand.NameArgument(), name = SnapshotCommand.NameArgument();
        var command = new Command("remove", "Forget a snapshot. The space of what nothing else has comes back with the next collections (bazil gc).") { volume, name };
        command.SetAction((parsed, cancel) => context.CallAsync(
            parsed, ControlMethods.SnapshotRemove, new SnapshotRequest(parsed.GetRequiredValue(volume), parsed.GetRequiredValue(name)), cancel));
        return command;
    }
}
