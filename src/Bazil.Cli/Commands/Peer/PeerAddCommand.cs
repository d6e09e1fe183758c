using System.CommandLine;
using Bazil.Cli.Parsing;
using Bazil.Core;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Commands.Peer;

/// <summary><c>bazil peer add</c></summary>
internal static class PeerAddCommand
{
    public static Command Create(CommandContext context)
    {
        var key = new Argument<string>("PUBKEY") { Description = "The peer's public key, 64 hex digits; it prints that with: bazil pubkey" };
        var nickname = new Argument<string?>("NICKNAME") { Description = "What to call it from now on", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command("add", "Get to know a peer. It may do nothing until it is allowed to.") { key, nickname };
        command.SetAction((parsed, cancel) =>
        {
            string text = parsed.GetRequiredValue(key);
            if (!PeerId.TryParse(text, out _)) throw new UsageException($"not a valid public key (64 hex digits): {text}");
            return context.CallAsync(parsed, ControlMethods.PeerAdd, new PeerAddRequest(text, parsed.GetValue(nickname)), cancel);
        });
        return command;
    }
}
