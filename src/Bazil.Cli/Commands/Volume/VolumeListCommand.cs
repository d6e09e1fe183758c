using System.CommandLine;
using Bazil.Cli.Output;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Commands.Volume;

/// <summary><c>bazil volume list</c></summary>
internal static class VolumeListCommand
{
    public static Command Create(CommandContext context)
    {
        Option<bool> json = Json.Option();
        var command = new Command("list", "List the volumes of this node.") { json };
        command.SetAction(async (parsed, cancel) =>
        {
            VolumeListReply reply = await context.CallAsync(parsed, ControlMethods.VolumeList, Nothing.Instance, cancel);
            if (parsed.GetValue(json)) Json.Print(context.Environment, reply);
            else Table.Print(context.Environment, ["NAME", "SHARING", "MOUNTED"], reply.Volumes.Select(static v => new[] { v.Name, v.SharingKey, MountText(v) }));
        });
        return command;
    }

    /// <summary>Where a volume is mounted, for a cell of a table.</summary>
    public static string MountText(VolumeInfo volume) => volume switch
    {
        { Mountpoint: null } => "-",
        { Mounted: true } => volume.Mountpoint,
        _ => $"{volume.Mountpoint} (not now)",
    };
}
