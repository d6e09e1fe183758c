using Bazil.Core;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Snapshots;
using Bazil.Unix;

namespace Bazil.FileSystem.Tests.Snapshots;

/// <summary>The same tree, of which nothing is known to be unchanged.</summary>
internal sealed class FullSource(ISnapshotSource source) : ISnapshotSource
{
    public VolumeId Volume => source.Volume;

    public UnixTime Taken => source.Taken;

    public uint KeyEpoch => source.KeyEpoch;

    public InodeId Root => source.Root;

    public AttributeValue RootAttributes => source.RootAttributes;

    public UnixTime RootModifyTime => source.RootModifyTime;

    public IEnumerable<SnapshotSourceEntry> List(InodeId directory) => source.List(directory);

    public void OnWritten(InodeId directory, DirectoryManifest manifest) => source.OnWritten(directory, manifest);
}
