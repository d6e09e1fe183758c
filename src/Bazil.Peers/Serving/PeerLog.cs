using Bazil.Core;
using Microsoft.Extensions.Logging;

namespace Bazil.Peers.Serving;

/// <summary>What the serving side writes to the log.</summary>
internal static partial class PeerLog
{
    [LoggerMessage(1, LogLevel.Error, "{What} for peer {Peer} failed")]
    public static partial void Failed(ILogger log, Exception reason, PeerId peer, string what);

    [LoggerMessage(2, LogLevel.Warning, "peer {Peer} sent a request that makes no sense: {Reason}")]
    public static partial void Malformed(ILogger log, PeerId peer, string reason);

    [LoggerMessage(3, LogLevel.Information, "a node at {Address} was turned away in the handshake: {Reason}")]
    public static partial void TurnedAway(ILogger log, string? address, string reason);

    [LoggerMessage(4, LogLevel.Error, "two machines use the key of peer {Peer}: its data directory was copied. Nothing is exchanged with either; " + CopiedKeyException.Advice)]
    public static partial void Copied(ILogger log, PeerId peer);

    [LoggerMessage(5, LogLevel.Error, "peer {Peer} refuses this node: another machine uses the same key, so this data directory was copied; " + CopiedKeyException.Advice)]
    public static partial void OwnCopied(ILogger log, PeerId peer);

    [LoggerMessage(6, LogLevel.Debug, "the heartbeat of this framework's server cannot be slowed: it wakes once a second")]
    public static partial void Heartbeat(ILogger log);
}
