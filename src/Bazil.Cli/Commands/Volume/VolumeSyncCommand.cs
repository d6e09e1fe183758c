using System.CommandLine;
using Bazil.Cli.Commands.Peer;
using Bazil.Cli.Output;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Commands.Volume;

/// <summary><c>bazil volume sync</c></summary>
internal static class VolumeSyncCommand
{
    public static Command Create(CommandContext context)
    {
        Argument<string> name = VolumeCommand.NameArgument();
        Argument<string> peer = PeerCommand.PeerArgument();
        var path = new Argument<string?>("PATH") { Description = "Only what lies there, as a path from the root of the volume.", Arity = ArgumentArity.ZeroOrOne };
        Option<bool> json = Json.Option();
        var command = new Command("sync", "Pull what a peer has changed in a volume.") { json, name, peer, path };
        command.SetAction(async (parsed, cancel) =>
        {
            VolumeSyncReply reply = await context.CallAsync(
                parsed, ControlMethods.VolumeSync, new VolumeSyncRequest(parsed.GetRequiredValue(name), parsed.GetRequiredValue(peer), parsed.GetValue(path)), cancel);
            if (parsed.GetValue(json)) Json.Print(context.Environment, reply);
            else await context.Environment.Output.WriteLineAsync(Describe(reply));
            if (reply.Paused is { } paused)
            {
                string volume = parsed.GetRequiredValue(name), only = paused == "peer" ? $" {parsed.GetRequiredValue(peer)}" : "";
                await context.Environment.Error.WriteLineAsync($"bazil: volume {volume} is paused here, so nothing more comes by itself");
                await context.Environment.Error.WriteLineAsync($"bazil: {context.Environment.Hint($"to go on: bazil volume resume {volume}{only}")}");
            }

            if (reply.Postponed > 0)
            {
                await context.Environment.Error.WriteLineAsync($"bazil: {reply.Postponed} files are open for writing here; what came for them is shown when they are closed");
            }

            if (reply.Conflicts > 0)
            {
                string what = reply.Conflicts == 1 ? "1 file was" : $"{reply.Conflicts} files were";
                await context.Environment.Error.WriteLineAsync(
                    $"bazil: {what} changed on both sides; what is not in place lies under .bazil/conflicts/NAME beside it, until it is removed there");
            }
        });
        return command;
    }

    private static string Describe(VolumeSyncReply reply) => reply.Changed switch
    {
        0 => "nothing new",
        1 => "1 file, directory or link has changed",
        _ => $"{reply.Changed} files, directories and links have changed",
    };
}
