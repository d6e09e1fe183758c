using Bazil.Core;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Snapshots;

namespace Bazil.FileSystem.Dynamic;

/// <summary><c>.bazil</c> of a directory: what Bazil has to say about it. Today its conflicts.</summary>
internal sealed class BazilDirectory(InodeId directory, Volume volume)
    : VirtualDirectory(DynamicInode.Of(directory, BazilName), volume, 0x16D)
{
    public static readonly FileName BazilName = FileName.Parse(".bazil");
    private static readonly FileName ConflictsName = FileName.Parse("conflicts");

    protected override IReadOnlyList<FileName> Names() => [ConflictsName];

    protected override ValueTask<VirtualNode?> FindAsync(FileName name, CancellationToken cancel) =>
        new(name == ConflictsName ? new ConflictsDirectory(InodeOf(name), directory, Volume) : null);
}
