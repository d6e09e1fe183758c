using Bazil.Core;
using Bazil.FileSystem.Epochs;
using Bazil.FileSystem.Live;
using Bazil.Fuse;
using Bazil.Storage.Stores;

namespace Bazil.Server.Volumes;

/// <summary>A volume that is in use, with the stores behind it and its mount, if it is mounted.</summary>
internal sealed class OpenVolume(Volume volume, MultiObjectStore stores, VolumeReach reach, VolumeKeys keys, VolumeSealers chunks)
{
    public Volume Volume { get; } = volume;

    public VolumeId Id => Volume.Id;

    /// <summary>Where its objects are read from; the list of others follows the configuration.</summary>
    public MultiObjectStore Stores { get; } = stores;

    /// <summary>What tells reads that wait for stores elsewhere when to go on; follows the configuration.</summary>
    public VolumeReach Reach { get; } = reach;

    /// <summary>Its sharing keys and the chunks under them; they follow its epochs.</summary>
    public VolumeKeys Keys { get; } = keys;

    /// <summary>What seals its chunks; how follows the configuration.</summary>
    public VolumeSealers Chunks { get; } = chunks;

    /// <summary>The mount, or null. Changed by <see cref="VolumeRegistry"/> only, under its gate.</summary>
    public FuseMount? Mount { get; set; }

    /// <summary>Where it is mounted at this moment, or null; people may unmount it behind our back with umount(8).</summary>
    public string? MountedOn => Mount is { Completion.IsCompleted: false } mount ? mount.Mountpoint : null;
}
