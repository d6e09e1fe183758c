using System.CommandLine;
using Bazil.Cli.Output;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Commands.Peer;

/// <summary><c>bazil peer show</c></summary>
internal static class PeerShowCommand
{
    public static Command Create(CommandContext context)
    {
        Argument<string> peer = PeerCommand.PeerArgument();
        Option<bool> json = Json.Option();
        var command = new Command("show", "Show all about one peer.") { json, peer };
        command.SetAction(async (parsed, cancel) =>
        {
            PeerInfo info = await context.CallAsync(parsed, ControlMethods.PeerShow, new PeerRequest(parsed.GetRequiredValue(peer)), cancel);
            if (parsed.GetValue(json))
            {
                Json.Print(context.Environment, info);
                return;
            }

            Fields.Print(context.Environment, [
                ("public key", info.PublicKey),
                ("nickname", info.Nickname ?? "-"),
                .. info.Locations.Select(static l => ("location", l)),
                .. info.Storages.Select(static s => ("may use storage", s)),
                .. info.Volumes.Select(static v => ("may pull volume", v)),
                .. info.Limits.Select(static l => ("limit", l)),
                ("sent", ByteText.Of(info.SentBytes)),
                ("received", ByteText.Of(info.ReceivedBytes)),
            ]);
        });
        return command;
    }
}
