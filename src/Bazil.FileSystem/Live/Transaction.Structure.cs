using Bazil.Core;
using Bazil.FileSystem.Nodes;

namespace Bazil.FileSystem.Live;

// What is shown where: united directories, twins, cycles.
internal sealed partial class Transaction
{
    private IReadOnlySet<InodeId>? _looseBefore;

    /// <summary>The loose directories as committed; fixed when the first structural change is staged.</summary>
    private IReadOnlySet<InodeId> LooseBefore => _looseBefore ?? State.Loose;

    /// <summary>
    /// The directories that are shown as one with this one, ordered by node id: the first is primary. Nearly always
    /// just itself; two directories on one name are one directory, and so are their equally named children.
    /// </summary>
    public IReadOnlyList<InodeId> UnitedWith(InodeId directory)
    {
        if (State.Unions == 0 || directory == InodeId.Root) return [directory];
        return UnitedWith(directory, depth: 0);
    }

    /// <summary>The inode that stands for all directories united with this one.</summary>
    public InodeId PrimaryOf(InodeId directory) => UnitedWith(directory)[0];

    /// <summary>What a name shows in a directory (and those united with it).</summary>
    public ShownName Resolve(InodeId directory, FileName name)
    {
        IReadOnlyList<InodeId> members = UnitedWith(directory);
        if (members.Count == 1) return ShownName.Of(ReadClaims(members[0], name), Read);
        return ShownName.Of([.. members.SelectMany(member => ReadClaims(member, name))], Read);
    }

    /// <summary>True for a node of the replicated state that is not deleted, whether or not its deletion is shown.</summary>
    public bool IsLiving(NodeRecord record) => IsAlive(record, isBefore: false);

    /// <summary>True for the root and for nodes that are alive, and so have a place.</summary>
    /// <remarks>A dead node whose deletion waits is shown, too.</remarks>
    public bool IsShown(NodeRecord record) =>
        record.Id == NodeId.Root || record is { IsDirectory: true, HasLiveLink: true } || PlacementOf(record, isBefore: false).Count > 0;

    /// <summary>The directory that shows this one, or none for the root and for a directory that is not shown.</summary>
    public InodeId ShownParent(InodeId directory)
    {
        NodeRecord? record = Read(directory);
        if (record is null || record.Id == NodeId.Root) return default;
        List<PlacedClaim> placed = PlacementOf(record, isBefore: false);
        return placed.Count == 0 ? default : placed[0].Parent;
    }

    /// <summary>True when <paramref name="directory"/> is <paramref name="ancestor"/>, united with it, or shown somewhere below it.</summary>
    public bool IsWithin(InodeId directory, InodeId ancestor)
    {
        IReadOnlyList<InodeId> ancestors = UnitedWith(ancestor);
        for (InodeId at = directory; at != default; at = ShownParent(at))
        {
            if (UnitedWith(at).Any(ancestors.Contains)) return true;
        }

        return false;
    }

    private List<InodeId> UnitedWith(InodeId directory, int depth)
    {
        // A path is at most PATH_MAX bytes, so no chain of parents is longer; cycles were broken before.
        Invariant.Check(depth < 4096);
        if (directory == InodeId.Root || Read(directory) is not { } record) return [directory];
        List<PlacedClaim> placed = PlacementOf(record, isBefore: false);
        if (placed.Count == 0) return [directory];
        var claims = new List<Claim>();
        foreach (InodeId parent in UnitedWith(placed[0].Parent, depth + 1))
        {
            claims.AddRange(ReadClaims(parent, placed[0].Name).Where(claim => claim.IsDirectory));
        }

        List<InodeId> united = [.. claims.OrderBy(claim => claim.Node).Select(claim => claim.Inode).Distinct()];
        return united.Contains(directory) ? united : [directory];
    }

    /// <summary>
    /// Finds the cycles that directories form now, given those whose place may have changed. In each cycle the link with
    /// the smallest version is the one that is shown under the root. Returns true when that changed.
    /// </summary>
    private bool BreakCycles(IEnumerable<InodeId> moved)
    {
        var loose = new HashSet<InodeId>();
        foreach (InodeId start in moved.Concat(LooseBefore).Concat(State.Loose).Distinct().Order().ToList())
        {
            if (FindCycle(start) is { } cycle) loose.Add(cycle.MinBy(member => (PlaceVersion(member), Read(member)!.Id)));
        }

        if (loose.SetEquals(State.Loose)) return false;
        foreach (InodeId inode in loose.Union(State.Loose).ToList())
        {
            if (Read(inode) is not null) Touch(inode);
        }

        _looseBefore ??= State.Loose;
        State.SetLoose(loose);
        return true;
    }

    private List<InodeId>? FindCycle(InodeId start)
    {
        var path = new List<InodeId>();
        for (InodeId at = start; at != default && at != InodeId.Root;)
        {
            int seen = path.IndexOf(at);
            if (seen >= 0) return path[seen..];
            path.Add(at);
            NodeRecord? record = Read(at);
            if (record is null || ShownPlaces(record, isBefore: false) is not { } places) return null;
            at = places.Count == 0 ? default : ParentOf(places[0].Place.Parent, isBefore: false);
        }

        return null;
    }

    private Version PlaceVersion(InodeId directory) => ShownPlaces(Read(directory)!, isBefore: false)![0].Version;
}
