using System.Collections.Immutable;
using Bazil.Core;
using Bazil.Server.Storages;

namespace Bazil.Server.Config;

/// <summary>A peer that was added here, and what it may do.</summary>
/// <param name="Nickname">Unique among the peers of this node, or null.</param>
/// <param name="Locations"><c>HOST:PORT</c>, the preferred one first.</param>
/// <param name="Storages">What it may read objects from and offer objects to.</param>
/// <param name="Volumes">What it may pull.</param>
/// <param name="Rates">Limits of what goes to it and comes from it; of each time of the day at most one.</param>
public sealed record PeerConfig(
    PeerId Id, string? Nickname, ImmutableArray<string> Locations, ImmutableArray<StorageAddress> Storages, ImmutableArray<VolumeId> Volumes,
    ImmutableArray<RateRule> Rates)
{
    /// <summary>Those of the volumes that are synchronised with it only when somebody asks.</summary>
    public ImmutableArray<VolumeId> PausedVolumes { get; init; } = [];

    public static PeerConfig Create(PeerId id) => new(id, null, [], [], [], []);

    /// <summary>The nickname, or the first digits of the key: for messages.</summary>
    public string DisplayName => Nickname ?? ShortKey;

    /// <summary>What it is shown as while it has no nickname.</summary>
    public string ShortKey => Id.ToString()[..16];
}
