using System.CommandLine;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Commands.Volume;

/// <summary><c>bazil volume rotate -sharing=NAME VOLUMENAME</c></summary>
internal static class VolumeRotateCommand
{
    public static Command Create(CommandContext context)
    {
        Argument<string> name = VolumeCommand.NameArgument();
        var sharing = new Option<string>("--sharing")
        {
            Description = "Name of the sharing key from now on; it must be on this machine and new to the volume",
            HelpName = "NAME",
            Required = true,
        };
        var command = new Command("rotate", "Give a volume another sharing key. Members need it to go on; what there is is sealed anew in the background.") { sharing, name };
        command.SetAction(async (parsed, cancel) =>
        {
            VolumeInfo volume = await context.CallAsync(
                parsed, ControlMethods.VolumeRotate, new VolumeRotateRequest(parsed.GetRequiredValue(name), parsed.GetRequiredValue(sharing)), cancel);
            KeyEpochInfo newest = volume.Keys.Epochs[^1];
            string others = volume.Keys.Members.Count > 1 ? context.Environment.Hint($"; members need it: bazil sharing export {newest.KeyName} FILE") : "";
            await context.Environment.Error.WriteLineAsync($"bazil: volume {volume.Name} is sealed with {newest.KeyName} ({newest.Fingerprint}) from now on{others}");
        });
        return command;
    }
}
