using Bazil.Core;
using Bazil.FileSystem.Nodes;

namespace Bazil.FileSystem.Snapshots;

/// <summary>An opened snapshot. Immutable, holds nothing that must be disposed, safe for concurrent use.</summary>
public sealed class Snapshot
{
    internal Snapshot(SnapshotKey key, SnapshotRoot description, SnapshotDirectory root)
    {
        Key = key;
        Description = description;
        Root = root;
    }

    public SnapshotKey Key { get; }

    /// <summary>Volume, time, attributes of the root directory, counts.</summary>
    public SnapshotRoot Description { get; }

    public SnapshotDirectory Root { get; }

    /// <summary>Everything below the root directory.</summary>
    public TreeTotals Totals => Description.Directory.Totals;

    /// <summary>
    /// Finds what a path of names leads to, from the root; null when a name is not there or not a directory. Symlinks are not
    /// followed.
    /// </summary>
    /// <param name="path">At least one name.</param>
    /// <param name="cancel">Gives up.</param>
    public async ValueTask<SnapshotEntry?> FindAsync(IReadOnlyList<FileName> path, CancellationToken cancel)
    {
        Invariant.Check(path.Count > 0);
        SnapshotDirectory directory = Root;
        for (int index = 0; ; index++)
        {
            SnapshotEntry? entry = await directory.LookupAsync(path[index], cancel);
            if (entry is null || index == path.Count - 1) return entry;
            if (!entry.IsDirectory) return null;
            directory = directory.Open(entry);
        }
    }
}
