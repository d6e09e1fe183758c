using System.CommandLine;
using Bazil.Cli.Commands.Volume;
using Bazil.Cli.Output;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Commands.Snapshot;

/// <summary><c>bazil snapshot create</c></summary>
internal static class SnapshotCreateCommand
{
    public static Command Create(CommandContext context)
    {
        Argument<string> volume = VolumeCommand.NameArgument(), name = SnapshotCommand.NameArgument();
        Option<bool> json = Json.Option();
        var command = new Command("create", "Keep the present state of a volume; as mkdir MOUNTPOINT/.snap/NAME does. Prints the key of the snapshot.") { json, volume, name };
        command.SetAction(async (parsed, cancel) =>
        {
            SnapshotInfo taken = await context.CallAsync(parsed, ControlMethods.SnapshotCreate, new SnapshotRequest(parsed.GetRequiredValue(volume), parsed.GetRequiredValue(name)), cancel);
            if (parsed.GetValue(json)) Json.Print(context.Environment, taken);
            else context.Environment.Output.WriteLine(taken.Key);
        });
        return command;
    }
}
