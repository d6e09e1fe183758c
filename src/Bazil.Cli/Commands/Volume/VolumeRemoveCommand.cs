using System.CommandLine;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Commands.Volume;

/// <summary><c>bazil volume remove</c></summary>
internal static class VolumeRemoveCommand
{
    public static Command Create(CommandContext context)
    {
        Argument<string> name = VolumeCommand.NameArgument();
        var command = new Command("remove", "Forget a volume on this machine, with all its files and snapshots here. Other members keep theirs.") { name };
        command.SetAction(async (parsed, cancel) =>
        {
            string volume = parsed.GetRequiredValue(name);
            VolumeRemoveReply reply = await context.CallAsync(parsed, ControlMethods.VolumeRemove, new VolumeRequest(volume), cancel);
            bool isCollected = reply.Storage == "local";
            TextWriter error = context.Environment.Error;
            await error.WriteLineAsync(context.Environment.Hint(isCollected
                ? "bazil: the second collection from now deletes its content; they run by themselves, or with: bazil gc"
                : $"bazil: its content stays in {reply.Storage}"));
            if (reply.SnapshotKey is not { } key) return;
            string storage = isCollected ? "" : $" -backend={reply.Storage}";
            await error.WriteLineAsync(context.Environment.Hint($"bazil: to bring back its newest snapshot, {reply.Snapshot}{(isCollected ? ", until then" : "")}: bazil volume import -snapshot={key} -sharing={reply.SharingKey}{storage} {volume}"));
        });
        return command;
    }
}
