using System.CommandLine;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Commands.Volume;

/// <summary><c>bazil volume pause</c> and <c>bazil volume resume</c></summary>
internal static class VolumePauseCommand
{
    public static Command Create(CommandContext context, bool isPause)
    {
        Argument<string> name = VolumeCommand.NameArgument();
        var peer = new Argument<string?>("PEER") { Description = "Key or nickname of one peer (default: all)", Arity = ArgumentArity.ZeroOrOne };
        var command = isPause
            ? new Command("pause", "Synchronise a volume only when told to: with all peers, or with one.") { name, peer }
            : new Command("resume", "Synchronise a volume by itself again.") { name, peer };
        command.SetAction((parsed, cancel) => context.CallAsync(
            parsed,
            isPause ? ControlMethods.VolumePause : ControlMethods.VolumeResume,
            new VolumePauseRequest(parsed.GetRequiredValue(name), parsed.GetValue(peer)),
            cancel));
        return command;
    }
}
