using System.CommandLine;
using Bazil.Cli.Output;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Commands.Secret;

/// <summary><c>bazil secret list</c></summary>
internal static class SecretListCommand
{
    public static Command Create(CommandContext context)
    {
        Option<bool> json = Json.Option();
        var command = new Command("list", "List the secrets: name, and the storages that use it. What they are is not shown.") { json };
        command.SetAction(async (parsed, cancel) =>
        {
            SecretListReply reply = await context.CallAsync(parsed, ControlMethods.SecretList, Nothing.Instance, cancel);
            if (parsed.GetValue(json)) Json.Print(context.Environment, reply);
            else Table.Print(context.Environment, ["NAME", "STORAGES"], reply.Secrets.Select(static s => new[] { s.Name, string.Join(' ', s.Storages) }));
        });
        return command;
    }
}
