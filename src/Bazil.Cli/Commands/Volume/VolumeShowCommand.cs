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
                ("deletions by others", volume.Deletions is { } deletions ? Text(deletions) : "as the server says"),
                ("mounted", VolumeListCommand.MountText(volume)),
                .. volume.Storages.Select(static s => ("storage", $"{s.Name}: {s.Storage}")),
                .. volume.Peers.Select(static p => ("peer", p)),
            ]);
            Warnings.Print(context.Environment, volume.Keys.Warnings);
        });
        return command;
    }

    private static string Text(DeletionSettings deletions)
    {
        string brake = deletions.BrakePercent >= 100 ? "never asked for consent" : $"asked for consent beyond {deletions.BrakePercent} % and {deletions.BrakeFiles} files a day";
        return $"{brake}, {(deletions.TrashDays == 0 ? "not kept in the trash" : $"kept in the trash for {deletions.TrashDays} days")}";
    }
}
