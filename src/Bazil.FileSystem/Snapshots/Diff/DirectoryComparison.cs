using System.Runtime.CompilerServices;

namespace Bazil.FileSystem.Snapshots.Diff;

/// <summary>
/// The entries in which two directories differ, in the order of their names. Nodes that both have are not loaded: what is read is
/// in proportion to the differences, in a directory of a million entries too.
/// </summary>
internal static class DirectoryComparison
{
    /// <summary>Pairs of entries of one name that differ in any byte; null where there is none.</summary>
    public static async IAsyncEnumerable<(SnapshotEntry? Before, SnapshotEntry? After)> RunAsync(
        SnapshotDirectory before, SnapshotDirectory after, [EnumeratorCancellation] CancellationToken cancel)
    {
        if (before.Manifest.Root == after.Manifest.Root && before.Manifest.Height == after.Manifest.Height) yield break;
        DirectoryPosition left = before.Position(), right = after.Position();
        await left.OpenAsync(before.Manifest, cancel);
        await right.OpenAsync(after.Manifest, cancel);
        while (!left.IsAtEnd || !right.IsAtEnd)
        {
            cancel.ThrowIfCancellationRequested();
            if (await MoveAsync(left, right, cancel)) continue;
            int order = left.IsAtEnd ? 1 : right.IsAtEnd ? -1 : Compare(left, right);
            bool isSame = order == 0 && left.Body.SequenceEqual(right.Body);
            (SnapshotEntry?, SnapshotEntry?) pair = isSame ? default : (order <= 0 ? left.Entry() : null, order >= 0 ? right.Entry() : null);
            if (order <= 0) left.Advance();
            if (order >= 0) right.Advance();
            if (!isSame) yield return pair;
        }
    }

    /// <summary>Passes a node that both have, or loads one that must be looked into. False when both stand in front of what is to be compared.</summary>
    private static async ValueTask<bool> MoveAsync(DirectoryPosition left, DirectoryPosition right, CancellationToken cancel)
    {
        bool hasLeftNode = !left.IsAtEnd && !left.IsEntry, hasRightNode = !right.IsAtEnd && !right.IsEntry;
        if (!hasLeftNode && !hasRightNode) return false;
        if (hasLeftNode && hasRightNode && left.Level == right.Level && left.Child == right.Child)
        {
            left.Advance();
            right.Advance();
            return true;
        }

        // In front of a node all of whose names are above the other side's entry, that entry comes first: the sides fall into step again where nodes are equal.
        if (hasLeftNode && !hasRightNode && !right.IsAtEnd && IsBehind(left, right)) return false;
        if (hasRightNode && !hasLeftNode && !left.IsAtEnd && IsBehind(right, left)) return false;
        bool descendsLeft = hasLeftNode && (!hasRightNode || left.Level >= right.Level);
        bool descendsRight = hasRightNode && (!hasLeftNode || right.Level >= left.Level);
        if (descendsLeft) await left.DescendAsync(cancel);
        if (descendsRight) await right.DescendAsync(cancel);
        return true;
    }

    private static bool IsBehind(DirectoryPosition node, DirectoryPosition entry) => entry.Name.SequenceCompareTo(node.After) <= 0;

    private static int Compare(DirectoryPosition left, DirectoryPosition right) =>
        !left.IsEntry ? 1 : !right.IsEntry ? -1 : left.Name.SequenceCompareTo(right.Name);
}
