using System.CommandLine;
using System.Globalization;
using Bazil.Cli.Output;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;
using Bazil.Server.Mounts;

namespace Bazil.Cli.Commands;

/// <summary><c>bazil history PATH</c></summary>
internal static class HistoryCommand
{
    public static Command Create(CommandContext context)
    {
        var path = new Argument<string>("PATH") { Description = "A file of a mounted volume, whether it is still there or not" };
        Option<bool> json = Json.Option();
        var command = new Command("history", "List the states of a file that snapshots have, under whatever name it had then.") { json, path };
        command.SetAction(async (parsed, cancel) =>
        {
            HistoryReply reply = await context.CallAsync(parsed, ControlMethods.History, new PathRequest(PathOf(context, parsed.GetRequiredValue(path))), cancel);
            if (parsed.GetValue(json)) Json.Print(context.Environment, reply);
            else Table.Print(context.Environment, ["SNAPSHOT", "TAKEN", "MODIFIED", "SIZE", "PATH"], reply.Versions.Select(Row));
            Warn(context, reply.Unreadable);
        });
        return command;
    }

    /// <summary>A path for the server, which must not follow links through its own mounts. The last name may be a link itself.</summary>
    public static string PathOf(CommandContext context, string path)
    {
        string absolute = context.Absolute(path);
        return Path.GetDirectoryName(absolute) is { } parent ? Path.Combine(CanonicalPath.Resolve(parent), Path.GetFileName(absolute)) : absolute;
    }

    /// <summary>Names the snapshots that could not be looked into.</summary>
    public static void Warn(CommandContext context, IReadOnlyList<string> unreadable)
    {
        foreach (string snapshot in unreadable) context.Environment.Error.WriteLine($"bazil: {snapshot}");
    }

    private static IReadOnlyList<string> Row(FileVersionInfo version)
    {
        string others = version.Snapshots > 1 ? string.Create(CultureInfo.InvariantCulture, $" and {version.Snapshots - 1} before") : "";
        return
        [
            version.Present ? version.Snapshot is null ? "(present)" : $"(present) {version.Snapshot}{others}" : $"{version.Snapshot}{others}",
            version.Taken is { } taken ? TimeText.Of(taken) : "",
            TimeText.Of(version.Modified),
            version.Bytes is { } bytes ? ByteText.Of((long)Math.Min(bytes, long.MaxValue)) : version.Type,
            version.Path,
        ];
    }
}
