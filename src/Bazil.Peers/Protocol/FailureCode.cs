namespace Bazil.Peers.Protocol;

/// <summary>Why a stream ended early, values of the wire. No text: a peer learns nothing of this node's insides.</summary>
internal enum FailureCode : byte
{
    Internal = 1,
    Malformed = 2,
    TooLarge = 3,
}
