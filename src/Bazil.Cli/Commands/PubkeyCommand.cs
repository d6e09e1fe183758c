using System.CommandLine;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Commands;

/// <summary><c>bazil pubkey</c></summary>
internal static class PubkeyCommand
{
    public static Command Create(CommandContext context)
    {
        var command = new Command("pubkey", "Print this node's public key, as the running server knows it.");
        command.SetAction(async (parsed, cancel) =>
        {
            PublicKeyReply reply = await context.CallAsync(parsed, ControlMethods.PublicKey, Nothing.Instance, cancel);
            await context.Environment.Output.WriteLineAsync(reply.PublicKey);
        });
        return command;
    }
}
