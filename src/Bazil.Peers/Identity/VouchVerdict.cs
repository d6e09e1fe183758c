namespace Bazil.Peers.Identity;

/// <summary>What a check of a peer's certificate found.</summary>
internal enum VouchVerdict
{
    Valid,
    NoCertificate,
    Malformed,
    NoVouch,
    NewerVersion,
    WrongSignature,
    NotYetValid,
    Expired,
    WindowTooLong,
}
