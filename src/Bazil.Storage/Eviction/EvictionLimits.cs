namespace Bazil.Storage.Eviction;

/// <summary>The bounds of eviction and holds, each with its reason.</summary>
public static class EvictionLimits
{
    /// <summary>How long a hold lasts, by the clock of whoever grants it, and anew after its restart.</summary>
    public static readonly TimeSpan HoldDuration = TimeSpan.FromHours(1);

    /// <summary>How long after it asked a node deletes what others hold: a twelfth of <see cref="HoldDuration"/>, for a process or machine that stood still.</summary>
    public static readonly TimeSpan HoldUse = TimeSpan.FromMinutes(5);

    /// <summary>How long the one who evicts waits for a store to hear that a hold is not needed any more: it expires anyway.</summary>
    public static readonly TimeSpan ReleasePatience = TimeSpan.FromSeconds(10);

    /// <summary>Objects of one request: as the peer protocol has it.</summary>
    public const int IdsPerHold = 1024;

    /// <summary>Requests of one peer that are held at once: one is in use, the others are of runs that were cut off within the last hour.</summary>
    public const int HoldsPerPeer = 64;

    /// <summary>Objects that one peer may hold: 2 MiB of rows, and some gigabytes of content that cannot be evicted for an hour.</summary>
    public const int IdsPerPeer = HoldsPerPeer * IdsPerHold;

    /// <summary>Stores that count: bits of a word, and more than anybody copies to.</summary>
    public const int StoresMax = 63;

    /// <summary>Different reasons that a report names.</summary>
    public const int ReasonsMax = 20;
}
