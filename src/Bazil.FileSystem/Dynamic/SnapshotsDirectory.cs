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
        if (Volume.FindShownSnapshot(name) is not { } shown || Volume.PathOf(directory) is not { } path) return null;
        InodeId inode = InodeOf(shown.Reference);
        return shown.Member is null ? await SnapshotNode.OpenAsync(Volume, shown.Reference, path, inode, cancel) : new MemberSnapshotNode(Volume, shown.Reference, path, inode);
    }

    protected override InodeId InodeOf(FileName name) => Volume.FindShownSnapshot(name) is { } shown ? InodeOf(shown.Reference) : base.InodeOf(name);

    /// <summary>By its key: a name may come to mean another snapshot while somebody reads, and pages of the two must never mix.</summary>
    private InodeId InodeOf(SnapshotReference reference) => DynamicInode.Of(Inode, FileName.Parse(reference.Key.ToString()));

    public override Task<Errno> MakeDirectoryAsync(FileName name, CancellationToken cancel) => Volume.TakeSnapshotAsync(name, cancel);

    public override Errno RemoveDirectory(FileName name) => Volume.RemoveSnapshot(name);

    public override Errno Rename(FileName name, VirtualNode newParent, FileName newName) =>
        newParent is SnapshotsDirectory ? Volume.RenameSnapshot(name, newName) : Errno.EXDEV;
}
