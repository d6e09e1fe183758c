using System.CommandLine;
using System.Globalization;
using Bazil.Cli.Output;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Commands.Volume;

/// <summary><c>bazil volume pending [VOLUMENAME | -force PATH]</c></summary>
internal static class VolumePendingCommand
{
    public static Command Create(CommandContext context)
    {
        var name = new Argument<string?>("VOLUMENAME") { Description = "Only this volume", Arity = ArgumentArity.ZeroOrOne };
        var force = new Option<string?>("--force") { Description = "Do not wait any longer for the program that writes this file: if it has written something, both are kept", HelpName = "PATH" };
        Option<bool> json = Json.Option();
        var command = new Command("pending", "List what is merged and not shown yet: why, since when, and what will happen.") { force, json, name };
        command.SetAction(async (parsed, cancel) =>
        {
            if (parsed.GetValue(force) is { } path)
            {
                await context.CallAsync(parsed, ControlMethods.VolumePendingForce, new PathRequest(HistoryCommand.PathOf(context, path)), cancel);
                return;
            }

            PendingReply reply = await context.CallAsync(parsed, ControlMethods.VolumePending, new PendingRequest(parsed.GetValue(name)), cancel);
            if (parsed.GetValue(json)) Json.Print(context.Environment, reply);
            else Table.Print(context.Environment, ["VOLUME", "PATH", "SINCE", "WHY", "WHAT WILL HAPPEN"], reply.Volumes.SelectMany(volume => Rows(context.Environment, volume)));
        });
        return command;
    }

    private static IEnumerable<IReadOnlyList<string>> Rows(CliEnvironment environment, VolumePendingInfo volume)
    {
        if (volume.Deletions is { } held)
        {
            string peers = string.Join(", ", held.Peers.Select(static peer => string.Create(CultureInfo.InvariantCulture, $"{peer.Peer} {peer.Files}")));
            string before = held.DeletedBefore > 0 ? string.Create(CultureInfo.InvariantCulture, $", beside {held.DeletedBefore} in the day before") : "";
            yield return [volume.Volume, string.Create(CultureInfo.InvariantCulture, $"({held.Files} files)"), TimeText.Of(held.Since), $"so many were deleted by others: {peers}{before}", held.Decision is { } decision ? $"{decision}, being carried out" : environment.Hint(held.Next)];
        }

        foreach (PendingChangeInfo change in volume.Changes) yield return [volume.Volume, change.Path, change.Since is { } since ? TimeText.Of(since) : "", change.Reason, environment.Hint(change.Next)];
    }
}
