using System.CommandLine;
using System.Globalization;
using Bazil.Cli.Commands.Volume;
using Bazil.Cli.Output;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Commands.Snapshot;

/// <summary><c>bazil snapshot diff VOLUMENAME FROM [TO]</c></summary>
internal static class SnapshotDiffCommand
{
    public static Command Create(CommandContext context)
    {
        Argument<string> volume = VolumeCommand.NameArgument();
        var from = new Argument<string>("FROM") { Description = "Name of a snapshot" };
        var to = new Argument<string?>("TO") { Description = "Name of a later one; left out, the present state", Arity = ArgumentArity.ZeroOrOne };
        Option<bool> json = Json.Option();
        var command = new Command("diff", "Tell what has changed since a snapshot, or between two: + added, - removed, M content, A attributes, R renamed.") { json, volume, from, to };
        command.SetAction(async (parsed, cancel) =>
        {
            SnapshotDiffReply reply = await context.CallAsync(
                parsed, ControlMethods.SnapshotDiff, new SnapshotDiffRequest(parsed.GetRequiredValue(volume), parsed.GetRequiredValue(from), parsed.GetValue(to)), cancel);
            if (parsed.GetValue(json)) Json.Print(context.Environment, reply);
            else Print(context.Environment, reply);
        });
        return command;
    }

    private static void Print(CliEnvironment environment, SnapshotDiffReply reply)
    {
        foreach (SnapshotChangeInfo change in reply.Changes)
        {
            string path = change.Type == "directory" ? $"{change.Path}/" : change.Path;
            string line = change.Kind switch
            {
                "added" => $"+ {path}",
                "removed" => $"- {path}",
                "changed" => $"M {path}",
                "attributes" => $"A {path}",
                _ => $"R {change.OldPath} -> {path}{(change.ContentChanged ? " (changed)" : "")}",
            };
            environment.Output.WriteLine(line);
        }

        if (reply.Total > reply.Changes.Count) environment.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"bazil: {reply.Total - reply.Changes.Count} more changes are not shown"));
    }
}
