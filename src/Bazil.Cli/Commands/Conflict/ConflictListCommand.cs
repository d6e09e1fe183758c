using System.CommandLine;
using Bazil.Cli.Output;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Commands.Conflict;

/// <summary><c>bazil conflict list [-volume=VOLUMENAME] [PATH…]</c></summary>
internal static class ConflictListCommand
{
    public static Command Create(CommandContext context)
    {
        Option<string?> volume = ConflictCommand.VolumeOption();
        var paths = new Argument<string[]>("PATH") { Description = "Files or directories of mounted volumes; left out, everything", Arity = ArgumentArity.ZeroOrMore };
        Option<bool> json = Json.Option();
        var command = new Command("list", "List all conflicts.") { volume, json, paths };
        command.SetAction(async (parsed, cancel) =>
        {
            string? name = parsed.GetValue(volume);
            ConflictListReply reply = await context.CallAsync(parsed, ControlMethods.ConflictList, new ConflictListRequest(name, ConflictCommand.PathsOf(context, name, parsed.GetValue(paths) ?? [])), cancel);
            if (parsed.GetValue(json))
            {
                Json.Print(context.Environment, reply);
                return;
            }

            Table.Print(context.Environment, ["VOLUME", "PATH", "KIND", "IN PLACE", "OTHERS"], reply.Conflicts.Select(Row));
            if (reply.Total > reply.Conflicts.Count) context.Environment.Error.WriteLine($"bazil: these are the first {reply.Conflicts.Count} of {reply.Total}; name a directory to see its own");
        });
        return command;
    }

    private static IReadOnlyList<string> Row(ConflictInfo conflict) =>
        [conflict.Volume, conflict.Path, conflict.Kind, conflict.Values[0].Label, string.Join(", ", conflict.Values.Skip(1).Select(static value => value.Label))];
}
