using System.CommandLine;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Commands.Volume;

/// <summary><c>bazil volume reject VOLUMENAME</c></summary>
internal static class VolumeRejectCommand
{
    public static Command Create(CommandContext context)
    {
        Argument<string> name = VolumeCommand.NameArgument();
        var command = new Command("reject", "Bring back what others deleted and what waits for consent, for everyone.") { name };
        command.SetAction(async (parsed, cancel) =>
        {
            DeletionDecisionReply reply = await context.CallAsync(parsed, ControlMethods.VolumeReject, new VolumeRequest(parsed.GetRequiredValue(name)), cancel);
            context.Environment.Output.WriteLine($"{reply.Files} files brought back");
        });
        return command;
    }
}
