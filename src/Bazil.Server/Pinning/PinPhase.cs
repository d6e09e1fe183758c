namespace Bazil.Server.Pinning;

/// <summary>What is being done about pinned content.</summary>
internal enum PinPhase
{
    /// <summary>It is looked at, and what is missing is fetched.</summary>
    Fetching,

    /// <summary>Everything is here.</summary>
    Complete,

    /// <summary>Something could not be had, and is tried again.</summary>
    Waiting,
}
