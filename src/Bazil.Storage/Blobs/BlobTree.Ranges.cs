using Bazil.Core;

namespace Bazil.Storage.Blobs;

// Whole subtrees that go or come at once. No node may be in the middle of a seal.
internal sealed partial class BlobTree
{
    /// <summary>Puts keys into consecutive slots of a pointer node; what is in memory below these slots is dropped.</summary>
    public void SetChildren(BlobNode parent, int firstSlot, ReadOnlySpan<ChunkKey> keys)
    {
        bool isChange = DropBelow(parent, firstSlot, keys.Length);
        for (int index = 0; index < keys.Length && !isChange; index++) isChange = parent.KeyAt(firstSlot + index) != keys[index];
        if (!isChange) return;
        MarkDirty(parent);
        for (int index = 0; index < keys.Length; index++) parent.SetKeyAt(firstSlot + index, keys[index]);
    }

    /// <summary>Replaces the whole tree by a stored one.</summary>
    public void Replace(in ChunkKey rootKey, int depth)
    {
        Clear();
        RootKey = rootKey;
        Depth = depth;
    }

    private bool DropBelow(BlobNode parent, int firstSlot, int count)
    {
        int level = parent.Level - 1;
        ulong first = (parent.Index * layout.Fanout) + (uint)firstSlot;
        BlobNode[] below = [.. _nodes.Values
            .Where(node => node.Level <= level && layout.IndexAt(level - node.Level, node.Index) - first < (uint)count)
            .OrderBy(node => node.Level)];
        foreach (BlobNode node in below) Drop(node);
        return below.Length > 0;
    }
}
