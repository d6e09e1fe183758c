using System.CommandLine;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;
using Bazil.Server.Mounts;

namespace Bazil.Cli.Commands.Volume;

/// <summary><c>bazil volume mount</c></summary>
internal static class VolumeMountCommand
{
    public static Command Create(CommandContext context)
    {
        Argument<string> name = VolumeCommand.NameArgument();
        var mountpoint = new Argument<string>("MOUNTPOINT") { Description = "An empty directory" };
        var command = new Command("mount", "Mount a volume, now and whenever the server starts.") { name, mountpoint };
        command.SetAction((parsed, cancel) =>
        {
            // Links are followed here and not in the server: the path may lead through a mount that the server itself answers for.
            string path = CanonicalPath.Resolve(context.Absolute(parsed.GetRequiredValue(mountpoint)));
            return context.CallAsync(parsed, ControlMethods.VolumeMount, new VolumeMountRequest(parsed.GetRequiredValue(name), path), cancel);
        });
        return command;
    }
}
