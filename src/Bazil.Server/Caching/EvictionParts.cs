using Bazil.Core;
using Bazil.Server.Collection;
using Bazil.Server.Config;
using Bazil.Server.Storages;
using Bazil.Server.Volumes;
using Bazil.Storage.Metadata;

namespace Bazil.Server.Caching;

/// <summary>What eviction is composed of. Everything is borrowed.</summary>
internal sealed class EvictionParts
{
    public required ConfigStore Config { get; init; }

    public required VolumeRegistry Volumes { get; init; }

    public required StoragePool Storages { get; init; }

    public required IMetadataStore Metadata { get; init; }

    /// <summary>Evictions and collections take turns.</summary>
    public required GarbageCollector Collector { get; init; }

    /// <summary>Where walks put what is too much for the memory.</summary>
    public required string ScratchDirectory { get; init; }

    public required TimeProvider Time { get; init; }

    public required IEntropy Entropy { get; init; }
}
