using System.CommandLine;
using System.Globalization;
using Bazil.Cli.Output;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Commands.Trash;

/// <summary><c>bazil trash list [-volume=VOLUMENAME] [-peer=PEER] [WHAT…]</c></summary>
internal static class TrashListCommand
{
    public static Command Create(CommandContext context)
    {
        Option<string?> volume = TrashCommand.VolumeOption();
        var peer = new Option<string?>("--peer") { Description = "Only what came from this peer", HelpName = "PEER" };
        Argument<string[]> what = TrashCommand.WhatArgument("Paths from the root of the volume, patterns with * and ?, or paths in mounted volumes; left out, everything");
        Option<bool> json = Json.Option();
        var command = new Command("list", "List what can be brought back, the newest first.") { volume, peer, json, what };
        command.SetAction(async (parsed, cancel) =>
        {
            string? name = parsed.GetValue(volume);
            TrashListReply reply = await context.CallAsync(parsed, ControlMethods.TrashList, new TrashListRequest(name, parsed.GetValue(peer), TrashCommand.WhatOf(context, name, parsed.GetValue(what))), cancel);
            if (parsed.GetValue(json))
            {
                Json.Print(context.Environment, reply);
                return;
            }

            Table.Print(context.Environment, ["NUMBER", "VOLUME", "PATH", "SIZE", "WHAT", "BY", "TIME"], reply.Entries.Select(Row));
            if (reply.Total > reply.Entries.Count) context.Environment.Error.WriteLine($"bazil: these are the newest {reply.Entries.Count} of {reply.Total}");
            foreach (TrashTotalsInfo totals in reply.Volumes.Where(static totals => totals.Entries > 0))
            {
                context.Environment.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"bazil: volume {totals.Volume}: {totals.Entries} in the trash, {ByteText.Of(totals.Bytes)}, each for {totals.Days} days"));
            }
        });
        return command;
    }

    private static IReadOnlyList<string> Row(TrashEntryInfo entry) =>
    [
        entry.Id.ToString(CultureInfo.InvariantCulture), entry.Volume, entry.Path, entry.Type == "file" ? ByteText.Of((long)Math.Min(entry.Bytes ?? 0, long.MaxValue)) : entry.Type, entry.Kind, entry.Peer, TimeText.Of(entry.Time),
    ];
}
