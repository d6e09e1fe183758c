using Bazil.Core;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Nodes;
using Bazil.Unix;

namespace Bazil.FileSystem.Dynamic;

/// <summary><c>.bazil/conflicts</c> of a directory: one directory for each name that has alternates.</summary>
internal sealed class ConflictsDirectory(InodeId inode, InodeId directory, Volume volume) : VirtualDirectory(inode, volume, 0x1C0)
{
    protected override IReadOnlyList<FileName> Names() => Volume.ListConflicts(directory);

    protected override ValueTask<VirtualNode?> FindAsync(FileName name, CancellationToken cancel) =>
        new(Volume.ListAlternates(directory, name).Count > 0 ? new AlternatesDirectory(InodeOf(name), directory, name, Volume) : null);

    /// <summary>A name goes with its last alternate. <c>rm -r</c>, which then removes the name as well, has no reason to complain.</summary>
    public override Errno RemoveDirectory(FileName name) => Volume.ListAlternates(directory, name).Count > 0 ? Errno.ENOTEMPTY : Errno.OK;
}
