using System.CommandLine;
using Bazil.Server.Hosting;

namespace Bazil.Cli.Commands;

/// <summary><c>bazil version</c></summary>
internal static class VersionCommand
{
    public static Command Create(CommandContext context)
    {
        var command = new Command("version", "Print the version of this program.");
        command.SetAction(_ => context.Environment.Output.WriteLine(ProductVersion.Text));
        return command;
    }
}
