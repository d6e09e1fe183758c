using System.CommandLine;
using System.Globalization;
using Bazil.Cli.Commands.Volume;
using Bazil.Cli.Output;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Commands.Snapshot;

/// <summary><c>bazil snapshot list</c></summary>
internal static class SnapshotListCommand
{
    public static Command Create(CommandContext context)
    {
        Argument<string> volume = VolumeCommand.NameArgument();
        Option<bool> json = Json.Option();
        var command = new Command("list", "List the snapshots of a volume, those of other members too, with the keys from which it can be rebuilt (bazil volume import).") { json, volume };
        command.SetAction(async (parsed, cancel) =>
        {
            SnapshotListReply reply = await context.CallAsync(parsed, ControlMethods.SnapshotList, new VolumeRequest(parsed.GetRequiredValue(volume)), cancel);
            if (parsed.GetValue(json)) Json.Print(context.Environment, reply);
            else Table.Print(context.Environment, ["NAME", "TAKEN", "BY", "FILES", "SIZE", "KEY", "ON"], reply.Snapshots.Select(Row));
        });
        return command;
    }

    private static IReadOnlyList<string> Row(SnapshotInfo snapshot) =>
    [
        snapshot.Name,
        TimeText.Of(snapshot.Taken),
        snapshot.Origin,
        snapshot.Files?.ToString(CultureInfo.InvariantCulture) ?? "?",
        snapshot.Bytes is { } bytes ? ByteText.Of((long)Math.Min(bytes, long.MaxValue)) : "?",
        snapshot.Key,
        snapshot.Member ?? "here",
    ];
}
