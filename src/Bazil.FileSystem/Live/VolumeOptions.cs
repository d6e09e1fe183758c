using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.FileSystem.Deletions;
using Bazil.FileSystem.Epochs;
using Bazil.Fuse;
using Bazil.Storage.Blobs;
using Bazil.Storage.Cas;
using Bazil.Storage.Metadata;

namespace Bazil.FileSystem.Live;

/// <summary>What a volume is composed of. Stores, keys and clock stay the caller's; the volume disposes none of them.</summary>
public sealed record VolumeOptions
{
    /// <summary>The name on this machine, for messages.</summary>
    public required string Name { get; init; }

    public required VolumeId Id { get; init; }

    /// <summary>The number under which this machine keeps the volume's rows.</summary>
    public required uint LocalNumber { get; init; }

    /// <summary>This node's key: names it among the members and signs its heads.</summary>
    public required SigningKey Identity { get; init; }

    public required IMetadataStore Metadata { get; init; }

    /// <summary>Chunks of this volume, under its sharing key.</summary>
    public required IChunkStore Chunks { get; init; }

    /// <summary>The dirty budget and sealing workers, shared by all volumes of the process.</summary>
    public required BlobContext Blobs { get; init; }

    /// <summary>The keys over which <see cref="Chunks"/> and <see cref="Blobs"/> lie; null for a volume whose sharing key is never rotated.</summary>
    public VolumeKeys? Keys { get; init; }

    public required TimeProvider Clock { get; init; }

    public required IEntropy Entropy { get; init; }

    /// <summary>Where the background work of the volume runs.</summary>
    public TaskScheduler Scheduler { get; init; } = TaskScheduler.Default;

    /// <summary>Shown as the owner of what belongs to the owner of the volume.</summary>
    public required uint OwnerId { get; init; }

    /// <summary>Shown as the group of what belongs to the owner of the volume.</summary>
    public required uint GroupId { get; init; }

    /// <summary>The name under which the person knows a member; for conflict names. Null for none.</summary>
    public required Func<PeerId, string?> Nickname { get; init; }

    /// <summary>The space of statfs(2), by <see cref="VolumeSpace.Of"/>; the volume adds its files.</summary>
    public required Func<FuseStatFs> Statistics { get; init; }

    /// <summary>
    /// Under which collection of garbage to note what pulls bring: the one that runs or the last one; 0 while there are no fossils in
    /// the store and none can come about. Called under the volume's gate.
    /// </summary>
    public Func<ulong> CollectionGeneration { get; init; } = static () => 0;

    /// <summary>The stores elsewhere, for reads that wait for them; null where a read of what is away fails at once.</summary>
    public IContentReach? Reach { get; init; }

    /// <summary>What is set about deletions by others. Asked each time; called under the volume's gate.</summary>
    public Func<VolumePolicy> Policy { get; init; } = static () => VolumePolicy.Default;

    /// <summary>Takes a message about something that went wrong in the background.</summary>
    public required Action<string, Exception?> Log { get; init; }
}
