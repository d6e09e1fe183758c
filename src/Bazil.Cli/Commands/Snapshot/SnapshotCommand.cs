using System.CommandLine;

namespace Bazil.Cli.Commands.Snapshot;

/// <summary><c>bazil snapshot</c></summary>
internal static class SnapshotCommand
{
    public static Command Create(CommandContext context) =>
        new("snapshot", "Snapshots: what a volume was at some moment.")
        {
            SnapshotCreateCommand.Create(context),
            SnapshotListCommand.Create(context),
            SnapshotDiffCommand.Create(context),
            SnapshotRestoreCommand.Create(context),
            SnapshotRenameCommand.Create(context),
            SnapshotRemoveCommand.Create(context),
            SnapshotScheduleCommand.Create(context),
        };

    public static Argument<string> NameArgument() => new("NAME") { Description = "Name of the snapshot" };
}
