namespace Bazil.Fuse;

/// <summary>
/// A name resolved to a node. Every entry the kernel receives counts as one lookup of <see cref="Node"/>, which
/// <see cref="FuseFileSystem.Forget"/> takes back later. An entry without a node (<see cref="Negative"/>) says that the
/// name does not exist and lets the kernel remember that; it counts for nothing.
/// </summary>
public readonly record struct FuseEntry
{
    public FuseNodeId Node { get; init; }

    /// <summary>Tells reuses of a node id apart; node id and generation together must never repeat (NFS export needs it).</summary>
    public ulong Generation { get; init; }

    /// <summary>How long the name may be resolved without asking again. Negative counts as zero; <see cref="TimeSpan.MaxValue"/> is for ever.</summary>
    public TimeSpan EntryTimeout { get; init; }

    /// <summary>How long the attributes are valid.</summary>
    public TimeSpan AttributeTimeout { get; init; }

    public FuseAttributes Attributes { get; init; }

    /// <summary>The name does not exist, and need not be asked for again during <paramref name="timeout"/>.</summary>
    public static FuseEntry Negative(TimeSpan timeout) => new() { EntryTimeout = timeout };
}
