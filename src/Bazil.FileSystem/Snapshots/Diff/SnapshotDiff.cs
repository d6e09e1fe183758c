using System.Runtime.CompilerServices;
using Bazil.Core;

namespace Bazil.FileSystem.Snapshots.Diff;

/// <summary>
/// Finds out in what two snapshots differ. Equal directories are passed by their keys. What was renamed is found by its node: among
/// what differs, and, when whole directories came or went, in them.
/// <para>Memory is in proportion to the differences, of which there may be only so many. One use.</para>
/// </summary>
public sealed class SnapshotDiff
{
    private readonly List<SnapshotChange> _changes = [];
    private readonly Queue<(SnapshotDirectory Before, SnapshotDirectory After, SnapshotPath? OldPath, SnapshotPath? Path)> _pairs = [];

    /// <summary>What only the first has under its name: roots of trees that went, or were moved.</summary>
    private readonly List<Side> _lost = [];

    /// <summary>What only the second has under its name.</summary>
    private readonly List<Side> _added = [];

    /// <summary>Names that show another node than before.</summary>
    private readonly List<(Side Before, Side After)> _replaced = [];

    /// <summary>Where things were that were found again, and where trees began that were not.</summary>
    private readonly HashSet<SnapshotPath> _movedAway = [], _lostRoots = [];

    /// <summary>Everything in the trees that went, by its node.</summary>
    private readonly Dictionary<NodeId, Side> _inside = [];

    private readonly int _differencesMax;
    private int _differences;

    private SnapshotDiff(int differencesMax) => _differencesMax = differencesMax;

    /// <summary>Compares two snapshots, of one volume or of two. The result is ordered by path.</summary>
    /// <exception cref="TooManyDifferencesException">There are more than <see cref="SnapshotLimits.DifferencesMax"/>.</exception>
    public static Task<IReadOnlyList<SnapshotChange>> RunAsync(Snapshot before, Snapshot after, CancellationToken cancel) =>
        RunAsync(before, after, SnapshotLimits.DifferencesMax, cancel);

    internal static Task<IReadOnlyList<SnapshotChange>> RunAsync(Snapshot before, Snapshot after, int differencesMax, CancellationToken cancel) =>
        new SnapshotDiff(differencesMax).CompareAsync(before.Root, after.Root, cancel);

    internal static bool HasSameContent(SnapshotEntry left, SnapshotEntry right) =>
        left.Kind == right.Kind && (left.IsDirectory || Equals(left.Content, right.Content));

    private static bool HasSameAttributes(SnapshotEntry left, SnapshotEntry right) =>
        left.Attributes == right.Attributes && (left.IsDirectory || left.ModifyTime == right.ModifyTime);

    private async Task<IReadOnlyList<SnapshotChange>> CompareAsync(SnapshotDirectory before, SnapshotDirectory after, CancellationToken cancel)
    {
        _pairs.Enqueue((before, after, null, null));
        do
        {
            await ComparePairsAsync(cancel);
            MatchRoots();
            if (_pairs.Count == 0) SettleReplaced();
        }
        while (_pairs.Count > 0);

        await IndexLostAsync(0, cancel);
        await WalkAddedAsync(cancel);
        foreach (Side side in _lost) await ReportLostAsync(side, cancel);
        _changes.Sort(static (left, right) => left.Path.CompareTo(right.Path) is var order and not 0 ? order : left.Kind.CompareTo(right.Kind));
        return _changes;
    }

    private async Task ComparePairsAsync(CancellationToken cancel)
    {
        while (_pairs.TryDequeue(out (SnapshotDirectory Before, SnapshotDirectory After, SnapshotPath? OldPath, SnapshotPath? Path) pair))
        {
            await foreach ((SnapshotEntry? before, SnapshotEntry? after) in DirectoryComparison.RunAsync(pair.Before, pair.After, cancel))
            {
                Count();
                Side? old = before is null ? null : new Side(pair.Before, new SnapshotPath(pair.OldPath, before.Name), before);
                Side? now = after is null ? null : new Side(pair.After, new SnapshotPath(pair.Path, after.Name), after);
                if (old is not null && now is not null && old.Entry.Node == now.Entry.Node) Pair(old, now, SnapshotChangeKind.Changed);
                else if (old is not null && now is not null) _replaced.Add((old, now));
                else if (old is not null) _lost.Add(old);
                else _added.Add(now!);
            }
        }
    }

    /// <summary>Each difference, and all that is in trees that came or went, is in memory at once.</summary>
    private void Count()
    {
        if (++_differences > _differencesMax) throw new TooManyDifferencesException(_differencesMax);
    }

    /// <summary>Two entries that are one thing.</summary>
    private void Pair(Side old, Side now, SnapshotChangeKind kind)
    {
        bool isContentSame = HasSameContent(old.Entry, now.Entry);
        if (kind == SnapshotChangeKind.Renamed) _changes.Add(new SnapshotChange(kind, now.Path, old.Path, old.Entry, now.Entry));
        else if (!isContentSame) _changes.Add(new SnapshotChange(kind, now.Path, null, old.Entry, now.Entry));
        else if (!HasSameAttributes(old.Entry, now.Entry)) _changes.Add(new SnapshotChange(SnapshotChangeKind.Attributes, now.Path, null, old.Entry, now.Entry));
        if (old.Entry.IsDirectory) _pairs.Enqueue((old.In.Open(old.Entry), now.In.Open(now.Entry), old.Path, now.Path));
    }

    /// <summary>Pairs what came with what went, what stands under another's name included.</summary>
    private void MatchRoots()
    {
        var before = new HashSet<NodeId>(_lost.Concat(_replaced.Select(static pair => pair.Before)).Select(static side => side.Entry.Node));
        var after = new HashSet<NodeId>(_added.Concat(_replaced.Select(static pair => pair.After)).Select(static side => side.Entry.Node));
        Separate(pair => before.Contains(pair.After.Entry.Node) || after.Contains(pair.Before.Entry.Node));

        var lost = new Dictionary<NodeId, Side>();
        foreach (Side side in _lost) lost.TryAdd(side.Entry.Node, side);
        var found = new HashSet<Side>(ReferenceEqualityComparer.Instance);
        foreach (Side now in _added)
        {
            if (!lost.Remove(now.Entry.Node, out Side? old)) continue;
            Pair(old, now, SnapshotChangeKind.Renamed);
            found.Add(old);
            found.Add(now);
        }

        _lost.RemoveAll(found.Contains);
        _added.RemoveAll(found.Contains);
    }

    /// <summary>Another node under the same name, and neither is anywhere else: what an editor does that writes a new file and renames it over the old one.</summary>
    private void SettleReplaced()
    {
        Separate(static pair => pair.Before.Entry.Kind != pair.After.Entry.Kind);
        foreach ((Side before, Side after) in _replaced) Pair(before, after, SnapshotChangeKind.Changed);
        _replaced.Clear();
    }

    private void Separate(Predicate<(Side Before, Side After)> isSeparate)
    {
        foreach ((Side before, Side after) in _replaced.FindAll(isSeparate))
        {
            _lost.Add(before);
            _added.Add(after);
        }

        _replaced.RemoveAll(isSeparate);
    }

    /// <summary>Everything below what went may be found again below what came.</summary>
    private async Task IndexLostAsync(int from, CancellationToken cancel)
    {
        var open = new Stack<Side>(_lost[from..]);
        foreach (Side root in open) _lostRoots.Add(root.Path);
        while (open.TryPop(out Side? side))
        {
            Count();
            _inside.TryAdd(side.Entry.Node, side);
            if (!side.Entry.IsDirectory) continue;
            await foreach (Side child in ListAsync(side, cancel)) open.Push(child);
        }
    }

    private async Task WalkAddedAsync(CancellationToken cancel)
    {
        var open = new Stack<Side>(_added);
        _added.Clear();
        while (open.TryPop(out Side? side))
        {
            if (FindInside(side) is { } old)
            {
                int lost = _lost.Count;
                _movedAway.Add(old.Path);
                Pair(old, side, SnapshotChangeKind.Renamed);
                while (_pairs.Count > 0)
                {
                    await ComparePairsAsync(cancel);
                    SettleReplaced();
                }

                await IndexLostAsync(lost, cancel);
                foreach (Side added in _added) open.Push(added);
                _added.Clear();
                continue;
            }

            Count();
            _changes.Add(new SnapshotChange(SnapshotChangeKind.Added, side.Path, null, null, side.Entry));
            if (!side.Entry.IsDirectory) continue;
            await foreach (Side child in ListAsync(side, cancel)) open.Push(child);
        }
    }

    private async Task ReportLostAsync(Side root, CancellationToken cancel)
    {
        var open = new Stack<Side>([root]);
        while (open.TryPop(out Side? side))
        {
            if (_movedAway.Contains(side.Path)) continue;
            _changes.Add(new SnapshotChange(SnapshotChangeKind.Removed, side.Path, null, side.Entry, null));
            if (!side.Entry.IsDirectory) continue;
            await foreach (Side child in ListAsync(side, cancel)) open.Push(child);
        }
    }

    /// <summary>The same node in a tree that went, unless it is still there in a directory that was found again.</summary>
    private Side? FindInside(Side now)
    {
        if (!_inside.TryGetValue(now.Entry.Node, out Side? old)) return null;
        for (SnapshotPath? at = old.Path; at is not null && !_lostRoots.Contains(at); at = at.Parent)
        {
            if (_movedAway.Contains(at)) return null;
        }

        _inside.Remove(now.Entry.Node);
        return _movedAway.Contains(old.Path) ? null : old;
    }

    private static async IAsyncEnumerable<Side> ListAsync(Side side, [EnumeratorCancellation] CancellationToken cancel)
    {
        SnapshotDirectory directory = side.In.Open(side.Entry);
        await foreach (SnapshotEntry entry in directory.ListAsync(0, cancel)) yield return new Side(directory, new SnapshotPath(side.Path, entry.Name), entry);
    }

    /// <summary>One entry of one of both snapshots.</summary>
    private sealed record Side(SnapshotDirectory In, SnapshotPath Path, SnapshotEntry Entry);
}
