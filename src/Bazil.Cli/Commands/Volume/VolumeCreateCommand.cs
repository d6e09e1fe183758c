using System.CommandLine;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Commands.Volume;

/// <summary><c>bazil volume create</c></summary>
internal static class VolumeCreateCommand
{
    public static Command Create(CommandContext context)
    {
        Argument<string> name = VolumeCommand.NameArgument();
        Option<string> sharing = VolumeCommand.SharingOption();
        Option<string> backend = VolumeCommand.BackendOption();
        var command = new Command("create", "Make a new, empty volume.") { sharing, backend, name };
        command.SetAction((parsed, cancel) => context.CallAsync(
            parsed,
            ControlMethods.VolumeCreate,
            new VolumeCreateRequest(parsed.GetRequiredValue(name), parsed.GetRequiredValue(sharing), parsed.GetRequiredValue(backend)),
            cancel));
        return command;
    }
}
