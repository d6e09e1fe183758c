using System.CommandLine;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Commands.Peer;

/// <summary><c>bazil peer storage allow|deny</c></summary>
internal static class PeerStorageCommand
{
    public static Command Create(CommandContext context) =>
        new("storage", "Which storage of this node a peer may use.")
        {
            CreateVerb(context, "allow", "Let a peer read the objects of a storage, and put objects of its own beside them.", ControlMethods.PeerStorageAllow),
            CreateVerb(context, "deny", "Take that away, at once.", ControlMethods.PeerStorageDeny),
        };

    private static Command CreateVerb(CommandContext context, string verb, string description, ControlMethod<PeerStorageRequest, Nothing> method)
    {
        Argument<string> peer = PeerCommand.PeerArgument();
        var storage = new Argument<string>("STORAGE") { Description = "local, or an absolute path" };
        var command = new Command(verb, description) { peer, storage };
        command.SetAction((parsed, cancel) =>
            context.CallAsync(parsed, method, new PeerStorageRequest(parsed.GetRequiredValue(peer), parsed.GetRequiredValue(storage)), cancel));
        return command;
    }
}
