using System.CommandLine;
using Bazil.Server.Hosting;

namespace Bazil.Cli.Commands;

/// <summary><c>bazil create</c></summary>
internal static class CreateCommand
{
    public static Command Create(CommandContext context)
    {
        var command = new Command("create", "Make this node: a data directory with a key pair and a sharing key called default. Doing it again changes nothing.");
        command.SetAction(parsed => NodeDatabase.Create(context.DataDirectory(parsed)));
        return command;
    }
}
