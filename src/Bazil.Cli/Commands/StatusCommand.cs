using System.CommandLine;
using System.Globalization;
using Bazil.Cli.Commands.Volume;
using Bazil.Cli.Output;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Commands;

/// <summary><c>bazil status</c></summary>
internal static class StatusCommand
{
    /// <summary>ECMA-48: cursor to the upper left, then erase what follows.</summary>
    private const string ClearScreen = "\e[H\e[J";

    private static readonly TimeSpan RedrawInterval = TimeSpan.FromMilliseconds(200);

    public static Command Create(CommandContext context)
    {
        Option<bool> json = Json.Option();
        var memory = new Option<bool>("--memory") { Description = "Show what the server has in memory instead" };
        var watch = new Option<bool>("--watch") { Description = "Show it again whenever it changes, until Ctrl-C" };
        var command = new Command("status", "Show the state of this node on one screen.") { watch, memory, json };
        command.SetAction(async (parsed, cancel) =>
        {
            if (parsed.GetValue(memory))
            {
                MemoryReply parts = await context.CallAsync(parsed, ControlMethods.Memory, Nothing.Instance, cancel);
                if (parsed.GetValue(json)) Json.Print(context.Environment, parts);
                else MemoryText.Print(context.Environment, parts);
                return;
            }

            long? revision = null;
            do
            {
                if (parsed.GetValue(watch)) revision = (await context.CallAsync(parsed, ControlMethods.SyncStatus, new SyncStatusRequest(revision), cancel)).Revision;
                StatusReply status = await context.CallAsync(parsed, ControlMethods.Status, Nothing.Instance, cancel);
                if (revision is not null && context.Environment.OutputIsTerminal) await context.Environment.Output.WriteAsync(ClearScreen);
                if (parsed.GetValue(json)) Json.Print(context.Environment, status);
                else Print(context.Environment, status);

                // Many changes at once are one picture.
                if (revision is not null) await Task.Delay(RedrawInterval, TimeProvider.System, cancel);
            }
            while (revision is not null);
        });
        return command;
    }

    private static string WaitingText(WaitingReadInfo read) => string.Create(
        CultureInfo.InvariantCulture,
        $"a {read.Operation} of {read.Path} in {read.Volume}, for {read.Seconds:0} of {read.LimitSeconds:0} s; asked: {string.Join(", ", read.Asked.Select(static asked => $"{asked.Name} ({asked.Problem ?? "no answer yet"})"))}");

    private static string CheckText(CheckSummary check)
    {
        string scrub = check.ScrubPercent > 0 ? $", scrub at {check.ScrubPercent}%" : "";
        string healed = check.Healed > 0 ? $", {check.Healed} healed" : "";
        string found = check.LostPaths == 0 ? "no damage" : $"{check.LostPaths} files damaged";
        return check.FinishedAt is { } at
            ? $"{check.Volume}, {TimeText.OfText(at)}, {check.Read} of {check.Chunks} chunks read, {found}{healed}{scrub}"
            : $"{check.Volume}, never finished{scrub}, {found} so far";
    }

    private static void Print(CliEnvironment environment, StatusReply status)
    {
        Fields.Print(environment, [
            ("server", $"running, version {status.Version}, process {status.ProcessId}"),
            ("listening", status.Address),
            ("public key", status.PublicKey),
            ("data", status.DataDirectory),
            .. status.Volumes.Select(static v => ("volume", $"{v.Name}, {(v.Mountpoint is null ? "not mounted" : VolumeListCommand.MountText(v))}{(v.Keys.Epochs.Count > 1 ? ", sharing key being rotated" : "")}")),
            .. status.Peers.Select(static p => ("peer", $"{p.Nickname ?? p.PublicKey}{(p.Locations.Count > 0 ? " at " + p.Locations[0] : "")}")),
            .. status.WaitingReads.Select(static w => ("waiting", WaitingText(w))),
            .. status.Pins.Select(static p => ("pinned", $"{p.Volume}, {PinText.Of(p)}")),
            .. status.Cache is { } cache && (cache.LimitBytes ?? cache.FreeBytesMin) is not null || status.Cache is { Held.Count: > 0 } ? new[] { ("own store", CacheText.Of(status.Cache)) } : [],
            .. status.Policies.Select(static p => ("copies", $"{p.Volume}, {PolicyText.Of(p)}")),
            .. status.Checks.Select(static c => ("check", CheckText(c))),
        ]);
        SyncText.Print(environment, status.Sync);
        Warnings.Print(environment, status.Warnings);
    }
}
