using System.Collections.Immutable;
using Bazil.Server.Storages;

namespace Bazil.Server.Config;

/// <summary>One storage of a volume under its local name. The first one of a volume is the one that is written to.</summary>
public sealed record VolumeStorage(string Name, StorageAddress Address)
{
    /// <summary>How fast content is copied to it; only the rate of what is sent counts.</summary>
    public ImmutableArray<RateRule> Rates { get; init; } = [];

    public bool Equals(VolumeStorage? other) => other is not null && Name == other.Name && Address == other.Address && Rates.SequenceEqual(other.Rates);

    public override int GetHashCode() => HashCode.Combine(Name, Address);
}
