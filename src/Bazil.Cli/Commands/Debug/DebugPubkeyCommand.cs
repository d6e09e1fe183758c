using System.CommandLine;
using Bazil.Server.Hosting;

namespace Bazil.Cli.Commands.Debug;

/// <summary><c>bazil debug pubkey</c></summary>
internal static class DebugPubkeyCommand
{
    public static Command Create(CommandContext context)
    {
        var command = new Command("pubkey", "Print this node's public key, read from the database.");
        command.SetAction(parsed =>
        {
            using NodeDatabase database = NodeDatabase.Open(context.DataDirectory(parsed));
            context.Environment.Output.WriteLine(database.ReadPublicKey());
        });
        return command;
    }
}
