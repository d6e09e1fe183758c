namespace Bazil.Peers.Runs;

/// <summary>What to do with a run of a peer.</summary>
internal enum RunVerdict
{
    /// <summary>It is the only one that is alive, as far as is known.</summary>
    Alone,

    /// <summary>Another one was connected until now, and is given the time to show that it is alive.</summary>
    Wait,

    /// <summary>Two machines use the peer's key.</summary>
    Copied,
}
