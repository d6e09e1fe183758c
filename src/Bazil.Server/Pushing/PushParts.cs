using Bazil.Core;
using Bazil.Server.Config;
using Bazil.Server.Storages;
using Bazil.Server.Volumes;
using Bazil.Storage.Metadata;
using Microsoft.Extensions.Logging;

namespace Bazil.Server.Pushing;

/// <summary>What copying to stores is composed of. Everything is borrowed.</summary>
internal sealed class PushParts
{
    public required ConfigStore Config { get; init; }

    public required VolumeRegistry Volumes { get; init; }

    public required StoragePool Storages { get; init; }

    public required IMetadataStore Metadata { get; init; }

    public required TimeProvider Time { get; init; }

    public required IEntropy Entropy { get; init; }

    public required ILogger Log { get; init; }
}
