namespace Bazil.Peers.Tests.Identity;

/// <summary>The verdicts a theory names; the real ones are internal.</summary>
public enum VouchVerdictName
{
    Valid,
    NotYetValid,
    Expired,
}
