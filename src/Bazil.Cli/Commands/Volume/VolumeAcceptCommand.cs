using System.CommandLine;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Commands.Volume;

/// <summary><c>bazil volume accept VOLUMENAME</c></summary>
internal static class VolumeAcceptCommand
{
    public static Command Create(CommandContext context)
    {
        Argument<string> name = VolumeCommand.NameArgument();
        var command = new Command("accept", "Delete here, too, what others deleted and what waits for consent.") { name };
        command.SetAction(async (parsed, cancel) =>
        {
            DeletionDecisionReply reply = await context.CallAsync(parsed, ControlMethods.VolumeAccept, new VolumeRequest(parsed.GetRequiredValue(name)), cancel);
            context.Environment.Output.WriteLine($"{reply.Files} deletions shown");
        });
        return command;
    }
}
