using Bazil.Core;
using Bazil.FileSystem.Conflicts;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Nodes;
using Bazil.Fuse;
using Bazil.Unix;

namespace Bazil.FileSystem.Dynamic;

/// <summary>
/// The alternates of one name, each by who wrote it and when. Removing one settles it in favour of what is in place.
/// </summary>
internal sealed class AlternatesDirectory(InodeId inode, InodeId directory, FileName conflicted, Volume volume)
    : VirtualDirectory(inode, volume, 0x1C0)
{
    /// <summary>The name is gone when its last alternate is, but for who is just removing them all.</summary>
    public override TimeSpan NameValidity => TimeSpan.FromSeconds(10);

    protected override IReadOnlyList<FileName> Names() => [.. Volume.ListAlternates(directory, conflicted).Select(alternate => alternate.Label)];

    protected override FuseFileType TypeOf(FileName name) => Find(name) is { } alternate ? FuseMode.TypeOf(Volume.TypeBits(alternate.Kind)) : FuseFileType.Unknown;

    protected override ValueTask<VirtualNode?> FindAsync(FileName name, CancellationToken cancel) =>
        new(Find(name) is { } alternate ? new AlternateNode(InodeOf(name), alternate, Volume) : null);

    public override Errno Unlink(FileName name) => Volume.DropAlternate(directory, conflicted, name);

    private Alternate? Find(FileName name) => Volume.ListAlternates(directory, conflicted).Find(alternate => alternate.Label == name);
}
