using Bazil.Core;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Snapshots.Diff;

namespace Bazil.FileSystem.Snapshots.History;

/// <summary>
/// Follows one file back through the snapshots of a volume: by its node, so also where it had another name; where its node is not there, by
/// its name, for some programs save a file by making a new one. One use.
/// </summary>
public sealed class FileHistory
{
    private readonly List<FileVersion> _versions = [];
    private readonly HashSet<NodeId> _lostTrack = [];

    private FileHistory()
    {
    }

    /// <summary>The distinct states of a file, the newest first; none when nothing ever had that path.</summary>
    /// <param name="present">The tree as it is now.</param>
    /// <param name="snapshots">The newest first.</param>
    /// <param name="path">From the root; not empty.</param>
    /// <param name="cancel">Gives up.</param>
    public static async Task<IReadOnlyList<FileVersion>> FindAsync(
        Snapshot present, IReadOnlyList<(SnapshotReference Reference, Snapshot Snapshot)> snapshots, IReadOnlyList<FileName> path, CancellationToken cancel)
    {
        Invariant.Check(path.Count > 0);
        var history = new FileHistory();
        await history.FollowAsync(present, snapshots, path, cancel);
        return history._versions;
    }

    private async Task FollowAsync(
        Snapshot present, IReadOnlyList<(SnapshotReference Reference, Snapshot Snapshot)> snapshots, IReadOnlyList<FileName> path, CancellationToken cancel)
    {
        Snapshot? newer = null;
        SnapshotEntry? entry = await present.FindAsync(path, cancel);
        if (entry is not null)
        {
            newer = present;
            _versions.Add(new FileVersion(null, null, IsPresent: true, SnapshotPath.Of(path)!, entry, 0));
        }

        foreach ((SnapshotReference reference, Snapshot snapshot) in snapshots)
        {
            (IReadOnlyList<FileName> at, SnapshotEntry? found) = await FindAsync(snapshot, newer, path, entry, cancel);
            if (found is null) continue;
            Add(reference, SnapshotPath.Of(at)!, found);
            (newer, path, entry) = (snapshot, at, found);
        }
    }

    private async Task<(IReadOnlyList<FileName> Path, SnapshotEntry? Entry)> FindAsync(
        Snapshot snapshot, Snapshot? newer, IReadOnlyList<FileName> path, SnapshotEntry? entry, CancellationToken cancel)
    {
        SnapshotEntry? same = await snapshot.FindAsync(path, cancel);
        if (newer is null || entry is null || same?.Node == entry.Node || _lostTrack.Contains(entry.Node)) return (path, same);
        foreach (SnapshotChange change in await CompareAsync(snapshot, newer, cancel))
        {
            if (change is not { Kind: SnapshotChangeKind.Renamed, OldPath: { } oldPath }) continue;
            IReadOnlyList<FileName> to = change.Path.Names;
            if (to.Count > path.Count || !to.SequenceEqual(path.Take(to.Count))) continue;
            FileName[] before = [.. oldPath.Names, .. path.Skip(to.Count)];
            if (await snapshot.FindAsync(before, cancel) is { } moved && moved.Node == entry.Node) return (before, moved);
        }

        _lostTrack.Add(entry.Node);
        return (path, same);
    }

    private static async Task<IReadOnlyList<SnapshotChange>> CompareAsync(Snapshot snapshot, Snapshot newer, CancellationToken cancel)
    {
        try
        {
            return await SnapshotDiff.RunAsync(snapshot, newer, cancel);
        }
        catch (TooManyDifferencesException)
        {
            // Where so much has changed the file is only looked for under its name.
            return [];
        }
    }

    private void Add(SnapshotReference reference, SnapshotPath path, SnapshotEntry entry)
    {
        if (_versions is [.., var last] && last.Path.Equals(path) && SnapshotDiff.HasSameContent(last.Entry, entry) && last.Entry.Directory?.Root == entry.Directory?.Root)
        {
            _versions[^1] = last with { Newest = last.Newest ?? reference, Oldest = reference, Snapshots = last.Snapshots + 1 };
        }
        else
        {
            _versions.Add(new FileVersion(reference, reference, IsPresent: false, path, entry, 1));
        }
    }
}
