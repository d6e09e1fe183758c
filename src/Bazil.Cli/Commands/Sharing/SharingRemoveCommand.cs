using System.CommandLine;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Commands.Sharing;

/// <summary><c>bazil sharing remove NAME</c></summary>
internal static class SharingRemoveCommand
{
    public static Command Create(CommandContext context)
    {
        var name = new Argument<string>("NAME") { Description = "Name of the key on this machine" };
        var command = new Command("remove", "Forget a sharing key. Refused while a volume or a snapshot needs it.") { name };
        command.SetAction((parsed, cancel) => context.CallAsync(parsed, ControlMethods.SharingRemove, new SharingRequest(parsed.GetRequiredValue(name)), cancel));
        return command;
    }
}
