using Bazil.Core;
using Bazil.Peers.Protocol;
using Bazil.Peers.Timing;
using Google.Protobuf;

namespace Bazil.Peers.Calling;

/// <summary>One call: whom it goes to and what it is about, for the words of its failures. Immutable.</summary>
internal sealed record CallContext(
    PeerId Peer, IPeerAddressBook Book, TimeSpan IdleTimeout, string What, string Advice, CancellationToken Cancel)
{
    /// <summary>Turns whatever a request threw into what the caller is told.</summary>
    public Exception Map(Exception e, IdleWatch? watch) => e switch
    {
        PeerException => e,
        OperationCanceledException when Cancel.IsCancellationRequested => new OperationCanceledException(Cancel),
        _ when watch is { Expired: true } => Unreachable($"it stopped answering: nothing came for {IdleTimeout.TotalSeconds:0.#} s", e),
        OperationCanceledException => Unreachable("this node has closed the connection", e),
        MalformedFrameException or InvalidProtocolBufferException => new PeerProtocolException(Peer, $"its answer makes no sense: {e.Message}", e),
        _ when Failures.IsConnection(e) => Unreachable(Failures.Reason(e), e),
        _ => e,
    };

    /// <summary>What an HTTP status other than success means.</summary>
    public PeerException Refused(int status) => status switch
    {
        PeerStatus.Copied => new CopiedKeyException(Peer, isOwn: true),
        PeerStatus.Refused => new PeerRefusedException(Peer, What, Advice),
        PeerStatus.Unsupported => new PeerProtocolException(Peer, "it does not know this request; upgrade the older of the two nodes"),
        PeerStatus.Malformed => new PeerProtocolException(Peer, $"it did not understand the request for {What}"),
        PeerStatus.TooLarge => new PeerProtocolException(Peer, $"the request for {What} is larger than it takes"),
        PeerStatus.TooMany => new PeerProtocolException(Peer, "it has too many requests of this node in progress; try again later"),
        PeerStatus.Failed => Failed(FailureCode.Internal),
        _ => new PeerProtocolException(Peer, $"it answered with the unexpected status {status}"),
    };

    public PeerProtocolException Failed(FailureCode code) => code switch
    {
        FailureCode.Internal => new PeerProtocolException(Peer, $"it failed at {What}; its log says why"),
        FailureCode.Malformed => new PeerProtocolException(Peer, $"it did not understand the request for {What}"),
        FailureCode.TooLarge => new PeerProtocolException(Peer, $"the request for {What} is larger than it takes"),
        _ => new PeerProtocolException(Peer, $"it failed at {What} for the unknown reason {(byte)code}"),
    };

    private PeerUnreachableException Unreachable(string reason, Exception e) => new(Peer, Book.AddressesOf(Peer), reason, e);
}
