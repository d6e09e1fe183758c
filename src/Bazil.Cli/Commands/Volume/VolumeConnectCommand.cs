using System.CommandLine;
using Bazil.Cli.Commands.Peer;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Commands.Volume;

/// <summary><c>bazil volume connect</c></summary>
internal static class VolumeConnectCommand
{
    public static Command Create(CommandContext context)
    {
        Argument<string> peer = PeerCommand.PeerArgument();
        var name = new Argument<string>("VOLUMENAME") { Description = "Name of the volume at the peer" };
        var localName = new Argument<string?>("LOCALVOLUMENAME") { Description = "Name to give it here (default: the same)", Arity = ArgumentArity.ZeroOrOne };
        Option<string> sharing = VolumeCommand.SharingOption();
        Option<string> backend = VolumeCommand.BackendOption();
        var command = new Command("connect", "Take part in a volume that a peer has. Both sides prove that they hold its sharing key.")
        {
            sharing, backend, peer, name, localName,
        };
        command.SetAction((parsed, cancel) => context.CallAsync(
            parsed,
            ControlMethods.VolumeConnect,
            new VolumeConnectRequest(
                parsed.GetRequiredValue(peer),
                parsed.GetRequiredValue(name),
                parsed.GetValue(localName),
                parsed.GetRequiredValue(sharing),
                parsed.GetRequiredValue(backend)),
            cancel));
        return command;
    }
}
