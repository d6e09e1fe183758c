using System.CommandLine;
using System.Globalization;
using Bazil.Cli.Output;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Commands;

/// <summary><c>bazil undelete PATH</c></summary>
internal static class UndeleteCommand
{
    public static Command Create(CommandContext context)
    {
        var path = new Argument<string>("PATH") { Description = "A file or directory of a mounted volume that is not there any more; with -list, a directory" };
        var list = new Option<bool>("--list") { Description = "Tell what can be brought back in a directory, and do nothing" };
        Option<bool> json = Json.Option();
        var command = new Command("undelete", "Bring back a file or directory from the newest snapshot that has it.") { list, json, path };
        command.SetAction((parsed, cancel) =>
        {
            var request = new PathRequest(HistoryCommand.PathOf(context, parsed.GetRequiredValue(path)));
            return parsed.GetValue(list) ? ListAsync(context, parsed, request, parsed.GetValue(json), cancel) : RestoreAsync(context, parsed, request, parsed.GetValue(json), cancel);
        });
        return command;
    }

    private static async Task RestoreAsync(CommandContext context, ParseResult parsed, PathRequest request, bool isJson, CancellationToken cancel)
    {
        UndeleteReply reply = await context.CallAsync(parsed, ControlMethods.Undelete, request, cancel);
        if (isJson) Json.Print(context.Environment, reply);
        else context.Environment.Output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{reply.Path}: {reply.Restored} restored from snapshot {reply.Snapshot} of {TimeText.Of(reply.Taken)}"));
        HistoryCommand.Warn(context, reply.Unreadable);
    }

    private static async Task ListAsync(CommandContext context, ParseResult parsed, PathRequest request, bool isJson, CancellationToken cancel)
    {
        LostListReply reply = await context.CallAsync(parsed, ControlMethods.UndeleteList, request, cancel);
        if (isJson) Json.Print(context.Environment, reply);
        else Table.Print(context.Environment, ["NAME", "SIZE", "MODIFIED", "SNAPSHOT", "TAKEN"], reply.Names.Select(Row));
        HistoryCommand.Warn(context, reply.Unreadable);
    }

    private static IReadOnlyList<string> Row(LostNameInfo lost) =>
    [
        lost.Name, lost.Bytes is { } bytes ? ByteText.Of((long)Math.Min(bytes, long.MaxValue)) : lost.Type, TimeText.Of(lost.Modified), lost.Snapshot, TimeText.Of(lost.Taken),
    ];
}
