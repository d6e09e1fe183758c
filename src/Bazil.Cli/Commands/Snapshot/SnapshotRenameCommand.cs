using System.CommandLine;
using Bazil.Cli.Commands.Volume;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Commands.Snapshot;

/// <summary><c>bazil snapshot rename</c></summary>
internal static class SnapshotRenameCommand
{
    public static Command Create(CommandContext context)
    {
        Argument<string> volume = VolumeCommand.NameArgument(), name = SnapshotCommand.NameArgument();
        var newName = new Argument<string>("NEWNAME") { Description = "What to call it from now on" };
        var command = new Command("rename", "Give a snapshot another name. One that the schedule took stays then until you remove it.") { volume, name, newName };
        command.SetAction((parsed, cancel) => context.CallAsync(
            parsed, ControlMethods.SnapshotRename, new SnapshotRenameRequest(parsed.GetRequiredValue(volume), parsed.GetRequiredValue(name), parsed.GetRequiredValue(newName)), cancel));
        return command;
    }
}
