namespace Bazil.Peers;

/// <summary>Whether a peer has an object.</summary>
public enum PeerObjectState
{
    Found,

    /// <summary>The peer's store does not have it.</summary>
    Missing,

    /// <summary>The peer's copy is damaged; it must come from elsewhere.</summary>
    Damaged,

    /// <summary>The peer's store failed; it may have it another time.</summary>
    Unavailable,
}
