using System.CommandLine;
using Bazil.Cli.Commands.Volume;
using Bazil.Cli.Output;
using Bazil.Cli.Parsing;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Commands.Snapshot;

/// <summary><c>bazil snapshot schedule VOLUMENAME [-every TIME] [-keep RULES] [-off]</c></summary>
internal static class SnapshotScheduleCommand
{
    public static Command Create(CommandContext context)
    {
        Argument<string> volume = VolumeCommand.NameArgument();
        var every = new Option<string?>("--every") { Description = "How often: 30m, 1h, 1d, 1w and the like (default: 1h)", HelpName = "TIME" };
        var keep = new Option<string?>("--keep")
        {
            Description = "Which of them to keep (default: hourly=24,daily=7,weekly=4,monthly=12); there are last and yearly, too. Snapshots that you took stay",
            HelpName = "RULES",
        };
        var off = new Option<bool>("--off") { Description = "Take no more; those that there are stay" };
        Option<bool> json = Json.Option();
        var command = new Command("schedule", "Let the server take snapshots of a volume by itself; without flags, tell how it does.") { every, keep, off, json, volume };
        command.SetAction(async (parsed, cancel) =>
        {
            if (parsed.GetValue(off) && (parsed.GetValue(every) is not null || parsed.GetValue(keep) is not null)) throw new UsageException("-off goes with neither -every nor -keep");
            SnapshotScheduleInfo schedule = await context.CallAsync(
                parsed,
                ControlMethods.SnapshotSchedule,
                new SnapshotScheduleRequest(parsed.GetRequiredValue(volume), parsed.GetValue(every), parsed.GetValue(keep), parsed.GetValue(off)),
                cancel);
            if (parsed.GetValue(json)) Json.Print(context.Environment, schedule);
            else if (schedule.Every is null) context.Environment.Output.WriteLine("off");
            else Fields.Print(context.Environment, [("every", schedule.Every), ("keep", schedule.Keep ?? "")]);
        });
        return command;
    }
}
