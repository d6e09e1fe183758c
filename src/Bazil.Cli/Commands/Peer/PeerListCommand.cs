using System.CommandLine;
using Bazil.Cli.Output;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Commands.Peer;

/// <summary><c>bazil peer list</c></summary>
internal static class PeerListCommand
{
    public static Command Create(CommandContext context)
    {
        Option<bool> json = Json.Option();
        var command = new Command("list", "List the peers of this node.") { json };
        command.SetAction(async (parsed, cancel) =>
        {
            PeerListReply reply = await context.CallAsync(parsed, ControlMethods.PeerList, Nothing.Instance, cancel);
            if (parsed.GetValue(json))
            {
                Json.Print(context.Environment, reply);
                return;
            }

            Table.Print(
                context.Environment,
                ["NICKNAME", "LOCATION", "VOLUMES", "STORAGE", "PUBKEY"],
                reply.Peers.Select(static p => new[]
                {
                    p.Nickname ?? "-", OrDash(p.Locations), OrDash(p.Volumes), OrDash(p.Storages), p.PublicKey,
                }));
        });
        return command;
    }

    private static string OrDash(IReadOnlyList<string> words) => words.Count == 0 ? "-" : string.Join(' ', words);
}
