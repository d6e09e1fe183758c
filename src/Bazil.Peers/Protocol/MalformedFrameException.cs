namespace Bazil.Peers.Protocol;

/// <summary>A stream is not a sequence of frames as the protocol says. Caught where the peer is known and turned into its error.</summary>
internal sealed class MalformedFrameException(string reason, bool tooLarge = false) : Exception(reason)
{
    public bool TooLarge { get; } = tooLarge;
}
