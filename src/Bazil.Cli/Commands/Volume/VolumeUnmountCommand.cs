using System.CommandLine;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;
using Bazil.Server.Mounts;

namespace Bazil.Cli.Commands.Volume;

/// <summary><c>bazil volume unmount</c></summary>
internal static class VolumeUnmountCommand
{
    public static Command Create(CommandContext context)
    {
        var name = new Argument<string>("VOLUMENAME") { Description = "name of the volume, or where it is mounted" };
        var lazy = new Option<bool>("--lazy") { Description = "also while programs use it: they get errors from then on" };
        var command = new Command("unmount", "Unmount a volume and make everything in it durable.") { lazy, name };
        command.SetAction((parsed, cancel) =>
        {
            // A name has no slash; what has one is a path.
            string given = parsed.GetRequiredValue(name);
            string volume = given.Contains('/') ? CanonicalPath.Resolve(context.Absolute(given)) : given;
            return context.CallAsync(parsed, ControlMethods.VolumeUnmount, new VolumeUnmountRequest(volume, parsed.GetValue(lazy)), cancel);
        });
        return command;
    }
}
