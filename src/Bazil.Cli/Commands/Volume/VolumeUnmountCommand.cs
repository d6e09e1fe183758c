using System.CommandLine;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;
using Bazil.Server.Errors;
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
        command.SetAction(async (parsed, cancel) =>
        {
            // A name has no slash; what has one is a path.
            string given = parsed.GetRequiredValue(name);
            string volume = given.Contains('/') ? CanonicalPath.Resolve(context.Absolute(given)) : given;
            try
            {
                await context.CallAsync(parsed, ControlMethods.VolumeUnmount, new VolumeUnmountRequest(volume, parsed.GetValue(lazy)), cancel);
            }
            catch (CommandFailedException e) when (e.Kind == ErrorKind.NotFound && volume == given && given is not ("." or "..") && Path.Exists(context.Absolute(given)))
            {
                throw new CommandFailedException(e.Kind, e.Message, $"see: bazil volume list; if the directory is meant: bazil volume unmount ./{given}", e);
            }
        });
        return command;
    }
}
