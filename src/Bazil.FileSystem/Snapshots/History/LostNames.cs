using Bazil.FileSystem.Nodes;

namespace Bazil.FileSystem.Snapshots.History;

/// <summary>Finds what can be brought back.</summary>
public static class LostNames
{
    /// <summary>The newest snapshot that has something under a path; null when none has.</summary>
    /// <param name="snapshots">The newest first.</param>
    /// <param name="path">From the root; not empty.</param>
    /// <param name="cancel">Gives up.</param>
    public static async Task<LostName?> FindAsync(
        IReadOnlyList<(SnapshotReference Reference, Snapshot Snapshot)> snapshots, IReadOnlyList<FileName> path, CancellationToken cancel)
    {
        foreach ((SnapshotReference reference, Snapshot snapshot) in snapshots)
        {
            if (await snapshot.FindAsync(path, cancel) is { } entry) return new LostName(reference, entry);
        }

        return null;
    }

    /// <summary>The names that snapshots have in a directory and the present has not, in the order of their bytes. Null when no snapshot has the directory.</summary>
    /// <inheritdoc cref="FindAsync" path="/param"/>
    /// <param name="present">The tree as it is now.</param>
    public static async Task<IReadOnlyList<LostName>?> ListAsync(
        Snapshot present, IReadOnlyList<(SnapshotReference Reference, Snapshot Snapshot)> snapshots, IReadOnlyList<FileName> path, CancellationToken cancel)
    {
        SnapshotDirectory? here = await FindDirectoryAsync(present, path, cancel);
        var lost = new SortedDictionary<FileName, LostName>();
        bool isKnown = false;
        foreach ((SnapshotReference reference, Snapshot snapshot) in snapshots)
        {
            if (await FindDirectoryAsync(snapshot, path, cancel) is not { } directory) continue;
            isKnown = true;
            await foreach (SnapshotEntry entry in directory.ListAsync(0, cancel))
            {
                if (lost.ContainsKey(entry.Name) || (here is not null && await here.LookupAsync(entry.Name, cancel) is not null)) continue;
                lost.Add(entry.Name, new LostName(reference, entry));
            }
        }

        return isKnown ? [.. lost.Values] : null;
    }

    private static async Task<SnapshotDirectory?> FindDirectoryAsync(Snapshot snapshot, IReadOnlyList<FileName> path, CancellationToken cancel)
    {
        if (path.Count == 0) return snapshot.Root;
        return await snapshot.FindAsync(path, cancel) is { IsDirectory: true } entry ? snapshot.Root.Open(entry) : null;
    }
}
