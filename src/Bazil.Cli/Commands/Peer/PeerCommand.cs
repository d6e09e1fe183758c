using System.CommandLine;

namespace Bazil.Cli.Commands.Peer;

/// <summary><c>bazil peer</c></summary>
internal static class PeerCommand
{
    public static Command Create(CommandContext context) =>
        new("peer", "Peers: the other machines, and what they may do here.")
        {
            PeerAddCommand.Create(context),
            PeerListCommand.Create(context),
            PeerShowCommand.Create(context),
            PeerNameCommand.Create(context),
            PeerRemoveCommand.Create(context),
            PeerLocationCommand.Create(context),
            PeerLimitCommand.Create(context),
            PeerStorageCommand.Create(context),
            PeerVolumeCommand.Create(context),
        };

    /// <summary>The argument that names a peer.</summary>
    public static Argument<string> PeerArgument() => new("PEER") { Description = "Public key (64 hex digits) or nickname" };
}
