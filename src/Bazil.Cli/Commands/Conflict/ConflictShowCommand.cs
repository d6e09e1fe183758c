using System.CommandLine;
using Bazil.Cli.Output;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;
using Bazil.Server.Errors;

namespace Bazil.Cli.Commands.Conflict;

/// <summary><c>bazil conflict show [-volume=VOLUMENAME] PATH</c></summary>
internal static class ConflictShowCommand
{
    public static Command Create(CommandContext context)
    {
        Option<string?> volume = ConflictCommand.VolumeOption();
        var path = new Argument<string>("PATH") { Description = "A file or directory that is in conflict" };
        Option<bool> json = Json.Option();
        var command = new Command("show", "Show all sides of a conflict: who wrote them, when, and what they are.") { volume, json, path };
        command.SetAction(async (parsed, cancel) =>
        {
            string? name = parsed.GetValue(volume);
            ConflictListReply reply = await context.CallAsync(parsed, ControlMethods.ConflictList, new ConflictListRequest(name, ConflictCommand.PathsOf(context, name, [parsed.GetRequiredValue(path)])), cancel);
            if (reply.Total == 0) throw new CommandFailedException(ErrorKind.NotFound, $"nothing is in conflict at {parsed.GetRequiredValue(path)}", "see: bazil conflict list");
            if (parsed.GetValue(json))
            {
                Json.Print(context.Environment, reply);
                return;
            }

            foreach (ConflictInfo conflict in reply.Conflicts)
            {
                context.Environment.Output.WriteLine($"{conflict.Volume}: {conflict.Path} ({conflict.Kind})");
                Table.Print(context.Environment, ["", "SIDE", "WRITTEN BY", "TIME", "WHAT"], conflict.Values.Select(Row));
            }
        });
        return command;
    }

    private static IReadOnlyList<string> Row(ConflictValueInfo value) =>
    [
        value.InPlace ? "in place" : "", value.Label, value.Peer ?? "unknown", value.Time is { } time ? $"{TimeText.Of(time)}{(value.Newest ? " (newest)" : "")}" : value.Newest ? "(newest)" : "", ConflictCommand.SizeText(value),
    ];
}
