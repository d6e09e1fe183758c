using System.CommandLine;
using Bazil.Cli.Output;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Commands.Store;

/// <summary><c>bazil store convert</c></summary>
internal static class StoreConvertCommand
{
    public static Command Create(CommandContext context)
    {
        Option<bool> json = Json.Option();
        var command = new Command("convert", "Move the objects that an older version kept one file each into the store's segments, while it is in use.") { json };
        command.SetAction(async (parsed, cancel) =>
        {
            StoreConvertReply reply = await context.CallAsync(parsed, ControlMethods.StoreConvert, Nothing.Instance, cancel);
            if (parsed.GetValue(json)) Json.Print(context.Environment, reply);
            else await context.Environment.Output.WriteLineAsync($"moved {reply.Objects} objects, {ByteText.Of(reply.Bytes)}");
            if (reply.LeftObjects > 0) await context.Environment.Error.WriteLineAsync($"bazil: {reply.LeftObjects} objects stay where they were: {reply.Reason}");
        });
        return command;
    }
}
