using Bazil.Core;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Snapshots;
using Bazil.Unix;

namespace Bazil.FileSystem.Dynamic;

/// <summary>
/// <c>.snap</c> of a directory: the snapshots of all members by name, each showing this directory as it was. Making a
/// directory in it takes a snapshot of the whole volume, removing one forgets it, if this node took it.
/// </summary>
internal sealed class SnapshotsDirectory(InodeId directory, Volume volume)
    : VirtualDirectory(DynamicInode.Of(directory, SnapName), volume, 0x1ED)
{
    public static readonly FileName SnapName = FileName.Parse(".snap");

    protected override IReadOnlyList<FileName> Names() => [.. Volume.ListShownSnapshots().Select(static snapshot => snapshot.Name)];

    protected override async ValueTask<VirtualNode?> FindAsync(FileName name, CancellationToken cancel)
    {
        if (Volume.FindShownSnapshot(name) is not { Reference: { } reference } || Volume.PathOf(directory) is not { } path) return null;
        Snapshot snapshot = await Volume.SnapshotReader.OpenAsync(reference.Key, cancel);
        var root = new SnapshotNode(Volume, snapshot, InodeOf(name));
        if (path.Count == 0) return root;
        SnapshotEntry? entry = await snapshot.FindAsync(path, cancel);
        return entry is { Kind: NodeKind.Directory } ? new SnapshotNode(Volume, snapshot, InodeOf(name), entry) : null;
    }

    public override Task<Errno> MakeDirectoryAsync(FileName name, CancellationToken cancel) => Volume.TakeSnapshotAsync(name, cancel);

    public override Errno RemoveDirectory(FileName name) => Volume.RemoveSnapshot(name);

    public override Errno Rename(FileName name, VirtualNode newParent, FileName newName) =>
        newParent is SnapshotsDirectory ? Volume.RenameSnapshot(name, newName) : Errno.EXDEV;
}
