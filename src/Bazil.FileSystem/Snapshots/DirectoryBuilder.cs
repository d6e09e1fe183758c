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
        _body.Clear();
        SnapshotEntryCodec.Write(_body, entry);
        Invariant.Check(_body.Length <= SnapshotLimits.EntryBytesMax);

        _totals = _totals.Add(entry.Totals);
        if (AddItem(leaf, entry.Name.Span, _body.Span)) await EndNodeAsync(0, cancel);
    }

    /// <summary>Begins with what the entries of an earlier state come to, before any is taken from it.</summary>
    public void StartFrom(TreeTotals totals) => _totals = totals;

    /// <summary>An entry of the earlier state is gone, or about to be added as it is now.</summary>
    public void Leave(TreeTotals totals) => _totals = _totals.Subtract(totals);

    /// <summary>Adds an entry of the earlier state as it is.</summary>
    public async ValueTask TakeEntryAsync(DirectoryNode node, int index, CancellationToken cancel)
    {
        if (AddItem(Level(0), node.NameOf(index), node.BodyOf(index))) await EndNodeAsync(0, cancel);
    }

    /// <summary>Whether no node up to a level is open.</summary>
    public bool IsBetweenNodes(byte level)
    {
        for (byte below = 0; below <= level; below++)
        {
            if (Level(below).Count > 0) return false;
        }

        return true;
    }

    /// <summary>Adds a whole child of a branch of the earlier state, which was written then. It was not the last of its level, so it ends by the rule.</summary>
    public async ValueTask TakeNodeAsync(DirectoryNode branch, int index, CancellationToken cancel)
    {
        for (byte below = 0; below < branch.Level; below++) Level(below).OnTaken(branch.NameOf(index));
        _entries += branch.EntriesOf(index);
        if (Hang(Level(branch.Level), branch.Level, branch.NameOf(index), branch.EntriesOf(index), branch.ChildOf(index))) await EndNodeAsync(branch.Level, cancel);
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

            byte above = (byte)(level + 1);
            ends = Hang(Level(above), above, node.LastName, node.Entries, key);
            node.Clear();
            node.IsWritten = true;
        }

        return first;
    }

    /// <summary>Adds an entry to the open leaf. Returns whether the leaf ends behind it.</summary>
    private bool AddItem(OpenNode leaf, ReadOnlySpan<byte> name, ReadOnlySpan<byte> body)
    {
        int before = leaf.Items.Length;
        DirectoryNodeCodec.WriteLeafItem(leaf.Items, name, body);
        Invariant.Check(_entries == 0 || name.SequenceCompareTo(leaf.LastName) > 0);
        leaf.OnAdded(name, 1);
        _entries++;
        return SplitRule.EndsNode(0, leaf.Items.Length, leaf.Items.Length - before, name);
    }

    /// <summary>Adds a child to an open branch. Returns whether the branch ends behind it.</summary>
    private static bool Hang(OpenNode parent, byte level, ReadOnlySpan<byte> lastName, ulong entries, in ChunkKey key)
    {
        int before = parent.Items.Length;
        DirectoryNodeCodec.WriteBranchItem(parent.Items, lastName, entries, key);
        parent.OnAdded(lastName, entries);
        parent.LastChild = key;
        return SplitRule.EndsNode(level, parent.Items.Length, parent.Items.Length - before, lastName);
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
            SetLastName(name);
            Count++;
            Entries += entries;
        }

        private void SetLastName(ReadOnlySpan<byte> name)
        {
            name.CopyTo(_lastName);
            _lastNameLength = name.Length;
        }

        /// <summary>A whole node of this level was taken over.</summary>
        public void OnTaken(ReadOnlySpan<byte> lastName)
        {
            SetLastName(lastName);
            IsWritten = true;
        }

        public void Clear()
        {
            Items.Clear();
            Count = 0;
            Entries = 0;
        }
    }
}
