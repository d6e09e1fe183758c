using System.CommandLine;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Commands.Volume;

/// <summary><c>bazil volume storage add VOLUMENAME [NAME] STORAGE</c></summary>
internal static class VolumeStorageAddCommand
{
    public static Command Create(CommandContext context)
    {
        Argument<string> volume = VolumeCommand.NameArgument();

        // The optional name stands in the middle, as the walkthrough has it; with one word after the volume, that word is the storage.
        var rest = new Argument<string[]>("[NAME] STORAGE")
        {
            Description = "local, an absolute path, peerkey:PEER, sftp://[USER@]HOST[:PORT]/PATH, or disk:LABEL; before it, optionally, what to call it",
            Arity = new ArgumentArity(1, 2),
        };
        var sharing = new Option<string?>("--sharing") { Description = "Name of the sharing key; must be the volume's, which is the default", HelpName = "NAME" };
        var command = new Command("add", "Add a storage that a volume's objects may be read from. To one on another machine (sftp:) or a removable disk (disk:), new content is copied in the background.") { sharing, volume, rest };
        command.SetAction((parsed, cancel) =>
        {
            string[] words = parsed.GetRequiredValue(rest);
            string? name = words.Length == 2 ? words[0] : null;
            return context.CallAsync(
                parsed,
                ControlMethods.VolumeStorageAdd,
                new VolumeStorageAddRequest(parsed.GetRequiredValue(volume), name, words[^1], parsed.GetValue(sharing)),
                cancel);
        });
        return command;
    }
}
