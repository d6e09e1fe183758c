using System.CommandLine;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Commands.Volume;

/// <summary><c>bazil volume import -snapshot=KEY VOLUMENAME</c></summary>
internal static class VolumeImportCommand
{
    public static Command Create(CommandContext context)
    {
        Argument<string> name = VolumeCommand.NameArgument();
        Option<string> sharing = VolumeCommand.SharingOption();
        Option<string> backend = VolumeCommand.BackendOption();
        var snapshot = new Option<string>("--snapshot") { Description = "Key of the snapshot, as bazil snapshot list shows it", HelpName = "KEY", Required = true };
        var storages = new Option<string[]>("--storage") { Description = "Where else the content is: local, an absolute path, peerkey:PEER, or an address as for volume storage add; may be given several times", HelpName = "STORAGE" };
        var command = new Command("import", "Make a new volume with all that a snapshot has, from its key and the sharing key alone.") { snapshot, sharing, backend, storages, name };
        command.SetAction((parsed, cancel) => context.CallAsync(
            parsed,
            ControlMethods.VolumeImport,
            new VolumeImportRequest(
                parsed.GetRequiredValue(name), parsed.GetRequiredValue(sharing), parsed.GetRequiredValue(snapshot), parsed.GetRequiredValue(backend), parsed.GetValue(storages) ?? []),
            cancel));
        return command;
    }
}
