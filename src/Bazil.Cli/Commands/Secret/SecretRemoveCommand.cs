using System.CommandLine;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Commands.Secret;

/// <summary><c>bazil secret remove NAME</c></summary>
internal static class SecretRemoveCommand
{
    public static Command Create(CommandContext context)
    {
        var name = new Argument<string>("NAME") { Description = "Name of the secret" };
        var command = new Command("remove", "Forget credentials. Refused while a storage uses them.") { name };
        command.SetAction((parsed, cancel) => context.CallAsync(parsed, ControlMethods.SecretRemove, new SecretRequest(parsed.GetRequiredValue(name)), cancel));
        return command;
    }
}
