namespace Bazil.Peers.Identity;

/// <summary>How long certificates live, and how wrong a clock may be.</summary>
internal static class VouchPolicy
{
    /// <summary>
    /// Clocks of two machines may differ by this much: home machines without time synchronisation drift by minutes, and a stolen
    /// TLS key gains only as much.
    /// </summary>
    public static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(5);

    /// <summary>A certificate is good from an hour before it was made, so that peers whose clocks are behind take it at once.</summary>
    public static readonly TimeSpan Backdated = TimeSpan.FromHours(1);

    /// <summary>A stolen TLS key is worth nothing after this.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(24);

    /// <summary>With less than this left a new certificate is made: no handshake ever shows one that is about to end.</summary>
    public static readonly TimeSpan RenewBefore = TimeSpan.FromHours(8);

    /// <summary>Longest window that is believed; bounds what a careless implementation can sign away.</summary>
    public static readonly TimeSpan LongestWindow = TimeSpan.FromDays(7);
}
