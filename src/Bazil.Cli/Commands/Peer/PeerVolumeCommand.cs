using System.CommandLine;
using Bazil.Cli.Commands.Volume;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Commands.Peer;

/// <summary><c>bazil peer volume allow|deny</c></summary>
internal static class PeerVolumeCommand
{
    public static Command Create(CommandContext context) =>
        new("volume", "Which volumes of this node a peer may take part in.")
        {
            CreateVerb(context, "allow", "Let a peer pull a volume, as a member of it.", ControlMethods.PeerVolumeAllow),
            CreateVerb(context, "deny", "Take that away, at once. What it has pulled already, it keeps.", ControlMethods.PeerVolumeDeny),
        };

    private static Command CreateVerb(CommandContext context, string verb, string description, ControlMethod<PeerVolumeRequest, Nothing> method)
    {
        Argument<string> peer = PeerCommand.PeerArgument();
        Argument<string> volume = VolumeCommand.NameArgument();
        var command = new Command(verb, description) { peer, volume };
        command.SetAction((parsed, cancel) =>
            context.CallAsync(parsed, method, new PeerVolumeRequest(parsed.GetRequiredValue(peer), parsed.GetRequiredValue(volume)), cancel));
        return command;
    }
}
