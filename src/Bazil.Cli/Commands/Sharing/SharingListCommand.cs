using System.CommandLine;
using Bazil.Cli.Output;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Commands.Sharing;

/// <summary><c>bazil sharing list</c></summary>
internal static class SharingListCommand
{
    public static Command Create(CommandContext context)
    {
        Option<bool> json = Json.Option();
        var command = new Command("list", "List the sharing keys: name, fingerprint, volumes. The keys themselves are not shown.") { json };
        command.SetAction(async (parsed, cancel) =>
        {
            SharingListReply reply = await context.CallAsync(parsed, ControlMethods.SharingList, Nothing.Instance, cancel);
            if (parsed.GetValue(json)) Json.Print(context.Environment, reply);
            else Table.Print(context.Environment, ["NAME", "FINGERPRINT", "VOLUMES"], reply.Keys.Select(static k => new[] { k.Name, k.Fingerprint, string.Join(' ', k.Volumes) }));
        });
        return command;
    }
}
