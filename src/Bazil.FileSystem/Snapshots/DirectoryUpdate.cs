using Bazil.FileSystem.Nodes;

namespace Bazil.FileSystem.Snapshots;

/// <summary>
/// Carries what has not changed in a directory over from an earlier state into a <see cref="DirectoryBuilder"/>: whole nodes where nothing
/// in them changed and the builder stands between two nodes, else entry by entry. What comes out is, to the bit, what a builder makes of all entries.
/// <para>Where a node ends depends on its own items alone (<see cref="SplitRule"/>), so one that begins at the same name and has the same items ends
/// at the same name. But for the last of a level, which ends where the directory does: its items are always carried over one by one.</para>
/// </summary>
internal sealed class DirectoryUpdate(DirectoryNodeReader reader, DirectoryBuilder builder, DirectoryChanges changes)
{
    /// <summary>The way from the root to what comes next; null before it is begun.</summary>
    private Stack<Position>? _path;

    /// <summary>The first changed name that is not behind us.</summary>
    private int _next;

    /// <summary>Carries over all entries below a name that is about to be added; null means all that are left.</summary>
    /// <exception cref="Storage.Stores.StoreException">The earlier state cannot be read. The builder is of no use then.</exception>
    /// <exception cref="Core.WireFormatException">It is damaged.</exception>
    public async ValueTask CarryUntilAsync(FileName? bound, CancellationToken cancel)
    {
        if (_path is null) await BeginAsync(cancel);
        while (_path!.TryPeek(out Position? at))
        {
            cancel.ThrowIfCancellationRequested();
            DirectoryNode node = at.Node.Node;
            if (at.Index == node.Count) _path.Pop();
            else if (node.Level == 0)
            {
                if (bound is { } end && node.NameOf(at.Index).SequenceCompareTo(end.Span) > 0) return;
                await CarryEntryAsync(node, at.Index++, cancel);
            }
            else
            {
                if (bound is { } end && at.After.SequenceCompareTo(end.Span) >= 0) return;
                bool isLast = at.IsLast && at.Index == node.Count - 1;
                bool isWhole = !isLast && builder.IsBetweenNodes((byte)(node.Level - 1)) && !HasChange(at.After, node.NameOf(at.Index));
                if (isWhole) await builder.TakeNodeAsync(node, at.Index, cancel);
                else _path.Push(new Position(await reader.LoadChildAsync(at.Node, at.Index, cancel), isLast));
                at.Index++;
            }
        }
    }

    private async ValueTask BeginAsync(CancellationToken cancel)
    {
        _path = new Stack<Position>();
        builder.StartFrom(changes.Before.Totals);
        if (changes.Before.Entries > 0) _path.Push(new Position(await reader.LoadRootAsync(changes.Before, cancel), isLast: true));
    }

    private ValueTask CarryEntryAsync(DirectoryNode leaf, int index, CancellationToken cancel)
    {
        ReadOnlySpan<byte> name = leaf.NameOf(index);
        SkipUntil(name, isInclusive: true);
        bool hasChanged = _next < changes.Names.Count && changes.Names[_next].Span.SequenceEqual(name);
        if (!hasChanged) return builder.TakeEntryAsync(leaf, index, cancel);
        builder.Leave(leaf.EntryOf(index, 0, reader.Format).Totals);
        return default;
    }

    /// <summary>Whether a name above the first and not above the second has changed.</summary>
    private bool HasChange(ReadOnlySpan<byte> after, ReadOnlySpan<byte> last)
    {
        SkipUntil(after, isInclusive: false);
        return _next < changes.Names.Count && changes.Names[_next].Span.SequenceCompareTo(last) <= 0;
    }

    private void SkipUntil(ReadOnlySpan<byte> name, bool isInclusive)
    {
        while (_next < changes.Names.Count && changes.Names[_next].Span.SequenceCompareTo(name) is var order && (order < 0 || (order == 0 && !isInclusive))) _next++;
    }

    /// <summary>A place in a node.</summary>
    /// <param name="node">The node.</param>
    /// <param name="isLast">Nothing of its level follows.</param>
    private sealed class Position(LoadedNode node, bool isLast)
    {
        public LoadedNode Node { get; } = node;

        public bool IsLast { get; } = isLast;

        public int Index { get; set; }

        /// <summary>What comes next is above this name.</summary>
        public ReadOnlySpan<byte> After => Index > 0 ? Node.Node.NameOf(Index - 1) : Node.After;
    }
}
