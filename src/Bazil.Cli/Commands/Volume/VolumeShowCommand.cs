using System.CommandLine;
using Bazil.Cli.Output;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Commands.Volume;

/// <summary><c>bazil volume show</c></summary>
internal static class VolumeShowCommand
{
    public static Command Create(CommandContext context)
    {
        Argument<string> name = VolumeCommand.NameArgument();
        Option<bool> json = Json.Option();
        var command = new Command("show", "Show all about one volume.") { json, name };
        command.SetAction(async (parsed, cancel) =>
        {
            VolumeInfo volume = await context.CallAsync(parsed, ControlMethods.VolumeShow, new VolumeRequest(parsed.GetRequiredValue(name)), cancel);
            if (parsed.GetValue(json))
            {
                Json.Print(context.Environment, volume);
                return;
            }

            Fields.Print(context.Environment, [
                ("name", volume.Name),
                ("id", volume.Id),
                ("sharing key", volume.SharingKey),
                .. RotationText.Fields(volume.Keys),
                ("compression", volume.Compression),
                ("mounted", VolumeListCommand.MountText(volume)),
                .. volume.Storages.Select(static s => ("storage", $"{s.Name}: {s.Storage}")),
                .. volume.Peers.Select(static p => ("peer", p)),
            ]);
            Warnings.Print(context.Environment, volume.Keys.Warnings);
        });
        return command;
    }
}
