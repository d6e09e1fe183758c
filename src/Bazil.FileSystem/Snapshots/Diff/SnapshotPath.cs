using Bazil.FileSystem.Nodes;

namespace Bazil.FileSystem.Snapshots.Diff;

/// <summary>A path from the root of a snapshot. Immutable; shares its front with its neighbours.</summary>
/// <param name="Parent">The directory; null for the root.</param>
/// <param name="Name">The last name.</param>
public sealed record SnapshotPath(SnapshotPath? Parent, FileName Name) : IComparable<SnapshotPath>
{
    public static SnapshotPath? Of(IEnumerable<FileName> names) => names.Aggregate((SnapshotPath?)null, static (parent, name) => new SnapshotPath(parent, name));

    /// <summary>From the root on.</summary>
    public IReadOnlyList<FileName> Names
    {
        get
        {
            var names = new List<FileName>();
            for (SnapshotPath? at = this; at is not null; at = at.Parent) names.Add(at.Name);
            names.Reverse();
            return names;
        }
    }

    /// <summary>The order of a listing in which what is in a directory follows it.</summary>
    public int CompareTo(SnapshotPath? other)
    {
        if (other is null) return 1;
        IReadOnlyList<FileName> left = Names, right = other.Names;
        for (int index = 0; index < Math.Min(left.Count, right.Count); index++)
        {
            if (left[index].CompareTo(right[index]) is var order and not 0) return order;
        }

        return left.Count.CompareTo(right.Count);
    }

    /// <summary>Names with slashes between them.</summary>
    public override string ToString() => string.Join('/', Names);
}
