using System.Runtime.CompilerServices;
using Bazil.Core;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Snapshots;
using Bazil.Fuse;

namespace Bazil.FileSystem.Dynamic;

/// <summary>
/// What a snapshot of another member shows of a directory. Its chunks may be far away: nothing is read before somebody looks into it, so that <c>ls -l .snap</c> asks nobody.
/// </summary>
internal sealed class MemberSnapshotNode(Volume volume, SnapshotReference reference, IReadOnlyList<FileName> path, InodeId inode) : VirtualNode(inode)
{
    public override FuseAttributes Attributes => new()
    {
        Inode = Inode.Value,
        Mode = FuseMode.Directory | 0x16D,
        LinkCount = 2,
        UserId = volume.OwnerId,
        GroupId = volume.GroupId,
        ModificationTime = reference.Taken,
        AccessTime = reference.Taken,
        ChangeTime = reference.Taken,
    };

    public override async ValueTask<VirtualNode?> LookupAsync(FileName name, CancellationToken cancel) =>
        await SnapshotNode.OpenAsync(volume, reference, path, Inode, cancel) is { } root ? await root.LookupAsync(name, cancel) : null;

    public override async IAsyncEnumerable<VirtualEntry> ListAsync(ulong cookie, [EnumeratorCancellation] CancellationToken cancel)
    {
        if (await SnapshotNode.OpenAsync(volume, reference, path, Inode, cancel) is not { } root) yield break;
        await foreach (VirtualEntry entry in root.ListAsync(cookie, cancel)) yield return entry;
    }
}
