using System.Collections.Immutable;
using Bazil.Core;
using Bazil.FileSystem.Deletions;
using Bazil.Server.Snapshots;
using Bazil.Storage.Cas;

namespace Bazil.Server.Config;

/// <summary>What this node knows of a volume besides its content.</summary>
/// <param name="Name">The local name; other members may use another one.</param>
/// <param name="LocalNumber">Prefix of the volume's rows in the metadata database; never 0.</param>
/// <param name="SharingKeyName">Local name of the key that seals its objects and guards its metadata.</param>
/// <param name="Storages">Never empty.</param>
/// <param name="Mountpoint">Where it is mounted whenever the server runs, or null.</param>
public sealed record VolumeConfig(
    string Name, uint LocalNumber, VolumeId Id, string SharingKeyName, ImmutableArray<VolumeStorage> Storages, string? Mountpoint)
{
    /// <summary>How this node writes new chunks of it; other members may choose otherwise.</summary>
    public ChunkCompression Compression { get; init; } = ChunkCompression.Zstd;

    /// <summary>When this node takes snapshots of it by itself; null for never.</summary>
    public SnapshotSchedule? Snapshots { get; init; }

    /// <summary>What is set about deletions by others.</summary>
    public VolumePolicy Deletions { get; init; } = VolumePolicy.Default;

    /// <summary>How long a program that reads what is elsewhere waits for stores that are away; zero for not at all.</summary>
    public TimeSpan ReadTimeout { get; init; } = Limits.ReadTimeout;

    /// <summary>How many copies there are to be, and where; for this node alone. Null when nothing was set: then <see cref="CopyPolicy.Default"/> counts, and nobody looks whether it is met.</summary>
    public CopyPolicy? CopiesSet { get; init; }

    /// <summary>How many copies there are to be, and where.</summary>
    public CopyPolicy Copies => CopiesSet ?? CopyPolicy.Default;

    /// <summary>True while it is being filled from a snapshot. Half a volume is worse than none: one that a start of the server finds so is removed.</summary>
    public bool IsImporting { get; init; }

    /// <summary>True while it is synchronised only when somebody asks.</summary>
    public bool IsPaused { get; init; }

    /// <summary>The generation of that key: 1 unless the volume was rotated. Counts until the members' list of epochs is here.</summary>
    public uint KeyGeneration { get; init; } = 1;
}
