using Bazil.Core;
using Bazil.Storage.Cas;

namespace Bazil.FileSystem.Snapshots;

/// <summary>
/// Writes one directory as a search tree while its entries stream by: one open node for each level, whatever the number of
/// entries. Not safe for concurrent use; used again after <see cref="CompleteAsync"/>.
/// </summary>
internal sealed class DirectoryBuilder(IChunkStore chunks)
{
    private readonly List<OpenNode> _levels = [];
    private readonly WireWriter _body = new();
    private readonly WireWriter _chunk = new();
    private ulong _entries;
    private TreeTotals _totals;

    /// <summary>Forgets what a cancelled or failed directory left behind.</summary>
    public void Clear()
    {
        foreach (OpenNode node in _levels)
        {
            node.Clear();
            node.IsWritten = false;
        }

        _entries = 0;
        _totals = default;
    }

    /// <summary>Adds the next entry; its name must be above all before.</summary>
    public async ValueTask AddAsync(SnapshotEntry entry, CancellationToken cancel)
    {
        OpenNode leaf = Level(0);
        Invariant.Check(_entries == 0 || entry.Name.Span.SequenceCompareTo(leaf.LastName) > 0);
        _body.Clear();
        SnapshotEntryCodec.Write(_body, entry);
        Invariant.Check(_body.Length <= SnapshotLimits.EntryBytesMax);

        int before = leaf.Items.Length;
        DirectoryNodeCodec.WriteLeafItem(leaf.Items, entry.Name.Span, _body.Span);
        leaf.OnAdded(entry.Name.Span, 1);
        _entries++;
        _totals = _totals.Add(entry.Totals);
        if (SplitRule.EndsNode(0, leaf.Items.Length, leaf.Items.Length - before, entry.Name.Span)) await EndNodeAsync(0, cancel);
    }

    /// <summary>Writes what is open and returns the manifest. The builder is empty then.</summary>
    public async ValueTask<DirectoryManifest> CompleteAsync(uint keyEpoch, CancellationToken cancel)
    {
        if (_entries == 0) return DirectoryManifest.Empty(keyEpoch);
        for (byte level = 0; ; level++)
        {
            OpenNode node = Level(level);
            if (level > 0 && !node.IsWritten && node.Count == 1) return Finish(node.LastChild, (byte)(level - 1), keyEpoch);
            if (node.Count == 0) continue;
            bool isRoot = !node.IsWritten;
            ChunkKey key = await EndNodeAsync(level, cancel);
            if (isRoot) return Finish(key, level, keyEpoch);
        }
    }

    private DirectoryManifest Finish(ChunkKey root, byte height, uint keyEpoch)
    {
        var manifest = new DirectoryManifest(root, height, keyEpoch, _entries, _totals);
        Clear();
        return manifest;
    }

    /// <summary>Writes the open node of a level and hangs it into the level above, which may end a node there, and so on.</summary>
    private async ValueTask<ChunkKey> EndNodeAsync(byte level, CancellationToken cancel)
    {
        ChunkKey first = default;
        for (bool ends = true; ends; level++)
        {
            Invariant.Check(level < SnapshotLimits.HeightMax);
            OpenNode node = Level(level);
            _chunk.Clear();
            DirectoryNodeCodec.Write(_chunk, level, node.Count, node.Items.Span);
            Invariant.Check(_chunk.Length <= SnapshotLimits.NodeBytesMax);
            ChunkKey key = await chunks.PutAsync(ChunkType.Directory, level, _chunk.Memory, cancel);
            if (first.IsZero) first = key;

            OpenNode parent = Level((byte)(level + 1));
            int before = parent.Items.Length;
            DirectoryNodeCodec.WriteBranchItem(parent.Items, node.LastName, node.Entries, key);
            parent.OnAdded(node.LastName, node.Entries);
            parent.LastChild = key;
            ends = SplitRule.EndsNode((byte)(level + 1), parent.Items.Length, parent.Items.Length - before, node.LastName);
            node.Clear();
            node.IsWritten = true;
        }

        return first;
    }

    private OpenNode Level(byte level)
    {
        while (_levels.Count <= level)
        {
            _levels.Add(new OpenNode());
        }

        return _levels[level];
    }

    /// <summary>The node that is being filled on one level.</summary>
    private sealed class OpenNode
    {
        private readonly byte[] _lastName = new byte[Limits.NameBytesMax];
        private int _lastNameLength;

        public WireWriter Items { get; } = new();

        public int Count { get; private set; }

        public ulong Entries { get; private set; }

        public ChunkKey LastChild { get; set; }

        /// <summary>Whether a node of this level was written already.</summary>
        public bool IsWritten { get; set; }

        /// <summary>The last name added, also after <see cref="Clear"/>.</summary>
        public ReadOnlySpan<byte> LastName => _lastName.AsSpan(0, _lastNameLength);

        public void OnAdded(ReadOnlySpan<byte> name, ulong entries)
        {
            name.CopyTo(_lastName);
            _lastNameLength = name.Length;
            Count++;
            Entries += entries;
        }

        public void Clear()
        {
            Items.Clear();
            Count = 0;
            Entries = 0;
        }
    }
}
