using System.Collections.Immutable;

namespace Bazil.Server.Config;

/// <summary>How many copies of a volume's content there are to be, and where.</summary>
/// <param name="Copies">At least 1. The copy on this machine counts as long as it is here.</param>
/// <param name="Required">Names of storages of the volume that must have one.</param>
public sealed record CopyPolicy(int Copies, ImmutableArray<string> Required)
{
    /// <summary>One copy, wherever it is: nothing goes here unless it is elsewhere.</summary>
    public static CopyPolicy Default { get; } = new(1, []);

    public bool Equals(CopyPolicy? other) => other is not null && Copies == other.Copies && Required.SequenceEqual(other.Required);

    public override int GetHashCode() => HashCode.Combine(Copies, Required.Length);
}
