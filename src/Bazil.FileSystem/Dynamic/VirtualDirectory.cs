using Bazil.Core;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Snapshots;
using Bazil.Fuse;
using Bazil.Unix;

namespace Bazil.FileSystem.Dynamic;

/// <summary>A virtual directory whose few names are known at once; looks and lists by them.</summary>
internal abstract class VirtualDirectory(InodeId inode, Volume volume, uint permissions) : VirtualNode(inode)
{
    protected Volume Volume { get; } = volume;

    public override FuseAttributes Attributes => new()
    {
        Inode = Inode.Value,
        Mode = FuseMode.Directory | permissions,
        LinkCount = 2,
        UserId = Volume.OwnerId,
        GroupId = Volume.GroupId,
        ModificationTime = Time,
        ChangeTime = Time,
        AccessTime = Time,
    };

    protected virtual UnixTime Time => default;

    protected abstract IReadOnlyList<FileName> Names();

    /// <summary>The node behind a name, or null.</summary>
    protected abstract ValueTask<VirtualNode?> FindAsync(FileName name, CancellationToken cancel);

    protected virtual FuseFileType TypeOf(FileName name) => FuseFileType.Directory;

    protected virtual InodeId InodeOf(FileName name) => DynamicInode.Of(Inode, name);

    public override ValueTask<VirtualNode?> LookupAsync(FileName name, CancellationToken cancel) => FindAsync(name, cancel);

    public override IAsyncEnumerable<VirtualEntry> ListAsync(ulong cookie, CancellationToken cancel)
    {
        IEnumerable<VirtualEntry> entries = Names().Select((name, index) => new VirtualEntry(name, InodeOf(name), TypeOf(name), (ulong)index + 1));
        return entries.Where(entry => entry.NextCookie > cookie).ToAsyncEnumerable();
    }
}
