using System.CommandLine;
using System.Globalization;
using Bazil.Cli.Output;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Commands;

/// <summary><c>bazil gc</c></summary>
internal static class GcCommand
{
    public static Command Create(CommandContext context)
    {
        Option<bool> json = Json.Option();
        var dryRun = new Option<bool>("--dry-run") { Description = "Tell what would be done and what blocks it, and do nothing" };
        var command = new Command("gc", "Give back the space of what nothing refers to any more.") { dryRun, json };
        command.SetAction(async (parsed, cancel) =>
        {
            GcReply reply = await context.CallAsync(parsed, ControlMethods.Gc, new GcRequest(parsed.GetValue(dryRun)), cancel);
            if (parsed.GetValue(json)) Json.Print(context.Environment, reply);
            else Print(context.Environment, reply);
        });
        return command;
    }

    private static void Print(CliEnvironment environment, GcReply reply)
    {
        var lines = new List<(string, string)>
        {
            (reply.DryRun ? "would delete" : "deleted", Text(reply.Deleted)),
            ("new garbage", $"{Text(reply.Fossils)}{(reply.Fossils.Objects > 0 ? "; the next collection can delete it" : "")}"),
        };
        if (reply.Waiting.Objects > 0) lines.Add(("waiting", Text(reply.Waiting)));
        if (reply.Restored.Objects > 0) lines.Add(("in use again", Text(reply.Restored)));
        lines.Add(("examined", Text(reply.Found)));
        Fields.Print(environment, lines);
        foreach (GcBlockerInfo blocker in reply.Blockers)
        {
            string since = blocker.Since is { } time ? $" since {time.ToLocalTime().ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture)}" : "";
            environment.Output.WriteLine($"blocked by {blocker.Member}{since}: it may still need garbage of volume {blocker.Volume}");
            environment.Output.WriteLine($"  {blocker.NextStep}");
        }
    }

    private static string Text(GcTotals totals) =>
        string.Create(CultureInfo.InvariantCulture, $"{totals.Objects} {(totals.Objects == 1 ? "object" : "objects")}{(totals.Bytes > 0 ? $", {ByteText.Of(totals.Bytes)}" : "")}");
}
