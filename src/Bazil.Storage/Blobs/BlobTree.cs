using Bazil.Core;

namespace Bazil.Storage.Blobs;

/// <summary>
/// The part of a blob's Merkle tree that is in memory. Not safe for concurrent use: the blob's lock guards it.
/// <para>Invariants:</para>
/// <list type="bullet">
/// <item>The parent of every node but the root is in memory, so storing a node never needs memory for others.</item>
/// <item>The slot of a clean node in its parent (or <see cref="RootKey"/>) holds the key of its content; that of another node is stale.</item>
/// <item>The budget is charged with the capacity of each node.</item>
/// </list>
/// </summary>
internal sealed partial class BlobTree(BlobLayout layout, DirtyBudget budget, ChunkKey rootKey, int depth)
{
    private readonly Dictionary<(int Level, ulong Index), BlobNode> _nodes = [];

    /// <summary>Stale while the root node is in memory and not clean.</summary>
    public ChunkKey RootKey { get; private set; } = rootKey;

    /// <summary>The level of the root.</summary>
    public int Depth { get; private set; } = depth;

    /// <summary>The data chunk that was written last: kept after a save, for the next small write is likely to meet it.</summary>
    public BlobNode? Hot { get; set; }

    public int Count => _nodes.Count;

    public IEnumerable<BlobNode> Nodes => _nodes.Values;

    public BlobNode? Find(int level, ulong index) => _nodes.GetValueOrDefault((level, index));

    /// <summary>The lowest thing known about a data chunk: its node, or the key from which to walk down the stored tree.</summary>
    public (BlobNode? Node, int Level, ChunkKey Key) Locate(ulong chunk)
    {
        if (_nodes.Count > 0)
        {
            ulong index = chunk;
            for (int level = 0, slot = 0; level <= Depth; level++)
            {
                if (_nodes.TryGetValue((level, index), out BlobNode? node))
                {
                    return level == 0 ? (node, 0, default) : (null, level - 1, node.KeyAt(slot));
                }

                slot = layout.SlotOf(index);
                index /= layout.Fanout;
            }
        }

        return (null, Depth, RootKey);
    }

    /// <summary>The key that the tree holds for a node that is not in memory.</summary>
    public ChunkKey KeyOf(BlobNode? parent, ulong index) => parent is null ? RootKey : parent.KeyAt(layout.SlotOf(index));

    /// <summary>Takes over a node whose capacity was reserved in the budget.</summary>
    public void Add(BlobNode node, BlobNode? parent)
    {
        Invariant.Check(parent is null ? node.Level == Depth : node.Level == parent.Level - 1);
        Invariant.Check(parent is null || parent.State != BlobNode.NodeState.Sealing);
        _nodes.Add((node.Level, node.Index), node);
        node.Parent = parent;
        if (parent is not null) parent.ChildCount++;
    }

    public static void MarkDirty(BlobNode node)
    {
        Invariant.Check(node.State != BlobNode.NodeState.Sealing);
        if (node.State == BlobNode.NodeState.Dirty) return;
        node.State = BlobNode.NodeState.Dirty;
        node.FilledBytes = 0;
        node.SealedChildCount = 0;
    }

    /// <summary>Records the key of a node that was stored.</summary>
    public void SetKey(BlobNode node, in ChunkKey key)
    {
        node.State = BlobNode.NodeState.Clean;
        if (node.Parent is not { } parent)
        {
            RootKey = key;
            return;
        }

        MarkDirty(parent);
        parent.SetKeyAt(layout.SlotOf(node.Index), key);
        parent.SealedChildCount++;
    }

    /// <summary>Drops the node, then those above it, as far as nothing needs them.</summary>
    public void DropIfIdle(BlobNode? node)
    {
        while (node is { State: BlobNode.NodeState.Clean, PinCount: 0, ChildCount: 0, IsDropped: false } && node != Hot)
        {
            BlobNode? parent = node.Parent;
            Drop(node);
            node = parent;
        }
    }

    public void Drop(BlobNode node)
    {
        Invariant.Check(node.ChildCount == 0 && !node.IsDropped && node.State != BlobNode.NodeState.Sealing);
        Invariant.Check(_nodes.Remove((node.Level, node.Index)));
        if (node.Parent is { } parent) parent.ChildCount--;
        if (node == Hot) Hot = null;
        node.IsDropped = true;
        budget.Release(node.Capacity);
        node.Dispose();
    }

    /// <summary>Adds levels above the root, whose bytes were reserved. Returns how many bytes of the reservation are used.</summary>
    public long Deepen(int depth)
    {
        long usedBytes = 0;
        while (Depth < depth)
        {
            BlobNode? child = Find(Depth, 0);
            ChunkKey childKey = RootKey;
            Depth++;
            if (child is null && childKey.IsZero) continue;

            var node = new BlobNode(Depth, 0, layout.PointerSizeBytes);
            usedBytes += node.Capacity;
            Add(node, parent: null);
            node.SetKeyAt(0, childKey);
            MarkDirty(node);
            RootKey = default;
            if (child is null) continue;
            child.Parent = node;
            node.ChildCount = 1;
        }

        return usedBytes;
    }

    /// <summary>Removes everything behind a data chunk and the levels that are no longer needed. The nodes above that chunk must be in memory, and none be in the middle of a seal.</summary>
    public void CutBehind(ulong lastChunk, int depth)
    {
        BlobNode[] behind = [.. _nodes.Values.Where(node => node.Index > layout.IndexAt(node.Level, lastChunk)).OrderBy(node => node.Level)];
        foreach (BlobNode node in behind) Drop(node);

        for (int level = 1; level <= Depth; level++)
        {
            BlobNode? node = Find(level, layout.IndexAt(level, lastChunk));
            Invariant.Check(node is not null);
            int slot = layout.SlotOf(layout.IndexAt(level - 1, lastChunk));
            if (node.ClearFrom((slot + 1) * BlobLayout.KeySizeBytes)) MarkDirty(node);
        }

        while (Depth > depth)
        {
            BlobNode? top = Find(Depth, 0);
            Invariant.Check(top is not null);
            RootKey = top.KeyAt(0);
            if (Find(Depth - 1, 0) is { } child)
            {
                child.Parent = null;
                top.ChildCount--;
            }

            Drop(top);
            Depth--;
        }
    }

    /// <summary>The topmost stored chunks: with all below them they are everything of the content that is stored.</summary>
    public IEnumerable<(int Level, ChunkKey Key)> StoredRoots()
    {
        if (Find(Depth, 0) is null or { State: BlobNode.NodeState.Clean }) yield return (Depth, RootKey);
        foreach (BlobNode node in _nodes.Values.Where(node => node.Level > 0))
        {
            for (int slot = 0; slot < node.Capacity / BlobLayout.KeySizeBytes; slot++)
            {
                BlobNode? child = Find(node.Level - 1, (node.Index * layout.Fanout) + (ulong)slot);
                if (child is null or { State: BlobNode.NodeState.Clean }) yield return (node.Level - 1, node.KeyAt(slot));
            }
        }
    }

    public void Clear()
    {
        foreach (BlobNode node in _nodes.Values.OrderBy(node => node.Level).ToArray()) Drop(node);
        RootKey = default;
        Depth = 0;
    }
}
