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
        var elsewhere = new Option<bool>("--elsewhere") { Description = "Remove it from storages elsewhere and from peers, too" };
        var restored = new Option<bool>("--restored") { Description = "Like --elsewhere, after a restore of this machine's data directory, when all members have synced since: remove what is newer than the backup, too" };
        var command = new Command("gc", "Give back the space of what nothing refers to any more.") { dryRun, elsewhere, restored, json };
        command.SetAction(async (parsed, cancel) =>
        {
            GcReply reply = await context.CallAsync(parsed, ControlMethods.Gc, new GcRequest(parsed.GetValue(dryRun), parsed.GetValue(elsewhere), parsed.GetValue(restored)), cancel);
            if (parsed.GetValue(json)) Json.Print(context.Environment, reply);
            else Print(context.Environment, reply);
            return reply.Unreadable.Count == 0 ? ExitCode.Ok : ExitCode.Error;
        });
        return command;
    }

    private static void Print(CliEnvironment environment, GcReply reply)
    {
        if (reply.Unreadable.Count > 0)
        {
            PrintUnreadable(environment, reply.Unreadable);
            return;
        }

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
            environment.Output.WriteLine($"  {environment.Hint(blocker.NextStep)}");
        }

        foreach (string volume in reply.Restarted)
        {
            environment.Output.WriteLine($"so much changed in volume {volume} at others since the last collection that all garbage waits for one more");
        }

        if (reply is { Elsewhere: false, Stores.Count: > 0 }) environment.Output.WriteLine(environment.Hint("nothing is removed from storages elsewhere; to do that, too: bazil gc --elsewhere"));
        foreach (GcBlockerInfo blocker in reply.Elsewhere && reply.Stores.Count > 0 ? reply.Unheard : [])
        {
            environment.Output.WriteLine($"storages elsewhere wait for {blocker.Member}: nothing was heard from it since this machine's server was started, and it may need garbage of volume {blocker.Volume}");
            environment.Output.WriteLine($"  {environment.Hint(blocker.NextStep)}");
        }

        foreach (GcStoreInfo store in reply.Stores) Print(environment, store, reply);
    }

    private static void Print(CliEnvironment environment, GcStoreInfo store, GcReply reply)
    {
        environment.Output.WriteLine();
        var lines = new List<(string, string)> { ("storage", $"{store.Name} ({store.Storage})") };
        if (store.Problem is not null) lines.Add(("left out", store.Problem));
        lines.Add(("garbage", $"{Text(store.Deleted)}{(store.Fossils.Objects > 0 ? $"; {Text(store.Fossils)} more with the next collection" : "")}"));
        if (store.Waiting.Objects > 0) lines.Add(("waiting", Text(store.Waiting)));
        if (reply is { DryRun: true, Elsewhere: true } && store.Plan.Packs > 0) lines.Add(("would remove", string.Create(CultureInfo.InvariantCulture, $"{Packs(store.Plan.Packs, store.Plan.Bytes)}; {ByteText.Of(store.Plan.MoveBytes)} of that are read and written anew, about {store.Plan.Requests} requests")));
        if (store.Done is { } done) AddDone(lines, done, reply is { DryRun: false, Elsewhere: true });
        lines.Add(("examined", Text(store.Found)));
        Fields.Print(environment, lines);
        foreach (GcNodeInfo node in store.Done?.Blockers ?? [])
        {
            environment.Output.WriteLine($"blocked by {node.Node}: {node.Problem ?? "it has not said yet that it needs nothing of what is announced"}");
            environment.Output.WriteLine($"  {environment.Hint(node.NextStep)}");
        }

        foreach (string problem in store.Done?.Problems ?? []) environment.Output.WriteLine($"not removed: {problem}");
    }

    private static void AddDone(List<(string, string)> lines, GcReclaimInfo done, bool hasRemoved)
    {
        if (hasRemoved) lines.Add(("removed", Packs(done.RemovedPacks, done.RemovedBytes)));
        if (done.MovedObjects > 0) lines.Add(("moved", string.Create(CultureInfo.InvariantCulture, $"{done.MovedObjects} objects, {ByteText.Of(done.MovedBytes)}")));
        if (done.AnnouncedPacks > 0) lines.Add(("announced", $"{Packs(done.AnnouncedPacks, done.AnnouncedBytes)}, since {done.Since?.ToLocalTime().ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture)}"));
    }

    private static string Packs(long count, long bytes) => string.Create(CultureInfo.InvariantCulture, $"{count} {(count == 1 ? "pack" : "packs")}{(bytes > 0 ? $", {ByteText.Of(bytes)}" : "")}");

    private static void PrintUnreadable(CliEnvironment environment, IReadOnlyList<GcUnreadableInfo> unreadable)
    {
        environment.Error.WriteLine("bazil: nothing was deleted: what these consist of is not known, and any object in this node's store may be part of them,");
        environment.Error.WriteLine("bazil: whatever volume it was stored for, because an object does not tell under which sharing key it was sealed:");
        foreach (IGrouping<(string Volume, string NextStep), GcUnreadableInfo> group in unreadable.GroupBy(static content => (content.Volume, content.NextStep)))
        {
            foreach (GcUnreadableInfo content in group)
            {
                string path = content.Path.Length > 0 ? $", {content.Path}" : "";
                environment.Error.WriteLine($"bazil:   volume {content.Volume}{path}: {content.Reason}");
            }

            environment.Error.WriteLine($"bazil:     {environment.Hint(group.Key.NextStep)}");
        }
    }

    private static string Text(GcTotals totals) =>
        string.Create(CultureInfo.InvariantCulture, $"{totals.Objects} {(totals.Objects == 1 ? "object" : "objects")}{(totals.Bytes > 0 ? $", {ByteText.Of(totals.Bytes)}" : "")}");
}
