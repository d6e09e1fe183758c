using System.CommandLine;
using Bazil.Cli.Merging;
using Bazil.Cli.Output;
using Bazil.Cli.Parsing;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;
using Bazil.Server.Errors;

namespace Bazil.Cli.Commands.Conflict;

/// <summary><c>bazil conflict resolve (-ours | -theirs=PEER | -both | -newest | -merge-tool=CMD) [-volume=VOLUMENAME] [PATH… | -all]</c></summary>
internal static class ConflictResolveCommand
{
    public static Command Create(CommandContext context)
    {
        var ours = new Option<bool>("--ours") { Description = "Keep what is in place here" };
        var theirs = new Option<string?>("--theirs") { Description = "Keep what this peer wrote: a nickname, a key, or a side as lists name it", HelpName = "PEER" };
        var both = new Option<bool>("--both") { Description = "Keep all sides, the others beside the file under names that say whose they are" };
        var newest = new Option<bool>("--newest") { Description = "Keep what was written last" };
        var tool = new Option<string?>("--merge-tool")
        {
            Description = "Run a shell command with the files $OURS, $THEIRS and $OUTPUT, and keep what it writes to $OUTPUT; without a $ in it, the three are its arguments",
            HelpName = "CMD",
        };
        Option<string?> volume = ConflictCommand.VolumeOption();
        var all = new Option<bool>("--all") { Description = "All conflicts, or all of the volume" };
        var paths = new Argument<string[]>("PATH") { Description = "Files or directories of mounted volumes, with all below them", Arity = ArgumentArity.ZeroOrMore };
        Option<bool> json = Json.Option();
        const string Usage = "-ours|-theirs=PEER|-both|-newest|-merge-tool=CMD [-volume=VOLUMENAME] [-json] PATH...|-all";
        var command = new WrittenOutCommand("resolve", "Settle conflicts, for all members.", Usage) { ours, theirs, both, newest, tool, volume, all, json, paths };
        command.SetAction(async (parsed, cancel) =>
        {
            string? name = parsed.GetValue(volume), peer = parsed.GetValue(theirs), cmd = parsed.GetValue(tool);
            string[] choices = [.. new[] { parsed.GetValue(ours) ? "ours" : "", peer is null ? "" : "theirs", parsed.GetValue(both) ? "both" : "", parsed.GetValue(newest) ? "newest" : "", cmd is null ? "" : "merge-tool" }.Where(static choice => choice.Length > 0)];
            if (choices.Length != 1) throw new UsageException(choices.Length == 0 ? "say what to keep: -ours, -theirs=PEER, -both, -newest or -merge-tool=CMD" : $"-{choices[0]} and -{choices[1]} exclude each other");
            string[] named = ConflictCommand.PathsOf(context, name, parsed.GetValue(paths) ?? []);
            if (parsed.GetValue(all) == (named.Length > 0)) throw new UsageException(named.Length > 0 ? "it is either paths or -all" : "name files or directories, or say -all");
            ConflictResolveReply reply = cmd is null
                ? await context.CallAsync(parsed, ControlMethods.ConflictResolve, new ConflictResolveRequest(name, named, parsed.GetValue(all), choices[0], peer), cancel)
                : await MergeAsync(context, parsed, cmd, name, named, cancel);
            if (parsed.GetValue(json)) Json.Print(context.Environment, reply);
            else context.Environment.Output.WriteLine($"{reply.Resolved} resolved");
            return ConflictCommand.PrintLeft(context.Environment, reply.Left);
        });
        return command;
    }

    private static async Task<ConflictResolveReply> MergeAsync(CommandContext context, ParseResult parsed, string tool, string? volume, string[] named, CancellationToken cancel)
    {
        ConflictListReply found = await context.CallAsync(parsed, ControlMethods.ConflictList, new ConflictListRequest(volume, named), cancel);
        if (found.Total == 0) throw new CommandFailedException(ErrorKind.NotFound, "nothing is in conflict there", "see: bazil conflict list");
        int resolved = 0;
        var left = new List<LeftInfo>();
        foreach (ConflictInfo conflict in found.Conflicts)
        {
            string? reason;
            try
            {
                reason = await MergeAsync(context, parsed, tool, conflict, cancel);
            }
            catch (CommandFailedException e)
            {
                reason = e.Message; // the others can be merged
            }

            if (reason is null) resolved++;
            else left.Add(new LeftInfo(conflict.Volume, conflict.Path, reason));
        }

        return new ConflictResolveReply(resolved, left);
    }

    private static async Task<string?> MergeAsync(CommandContext context, ParseResult parsed, string tool, ConflictInfo conflict, CancellationToken cancel)
    {
        if (conflict.Kind != "content" || conflict.Values[0].Type != "file") return $"a conflict of {(conflict.Kind == "content" ? conflict.Values[0].Type + "s" : conflict.Kind)} is not for a merge tool: keep one side, or both";
        await using ExportedConflict exported = await ExportedConflict.CreateAsync(context, parsed, conflict.Volume, conflict.Path, cancel);
        string ours = exported.Reply.Files[0].File!;
        foreach (ExportedValueInfo theirs in exported.Reply.Files.Skip(1))
        {
            // Of several sides, each is merged with the result of those before.
            if (File.Exists(exported.Output)) File.Move(exported.Output, ours, overwrite: true);
            var variables = new Dictionary<string, string> { ["OURS"] = ours, ["THEIRS"] = theirs.File!, ["OUTPUT"] = exported.Output, ["BAZIL_PATH"] = conflict.Path };
            string script = tool.Contains('$', StringComparison.Ordinal) ? tool : tool + " \"$OURS\" \"$THEIRS\" \"$OUTPUT\"";
            int code = await ChildProgram.RunAsync(context.Environment, ["/bin/sh", "-c", script], variables, capturesOutput: false, cancel);
            if (code != 0) return $"the merge tool ended with exit code {code}: nothing was changed";
            if (!File.Exists(exported.Output)) return "the merge tool wrote nothing to its output: nothing was changed";
        }

        await exported.ImportAsync(cancel);
        return null;
    }
}
