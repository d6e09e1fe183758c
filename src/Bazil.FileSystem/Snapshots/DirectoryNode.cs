using Bazil.Core;

namespace Bazil.FileSystem.Snapshots;

/// <summary>
/// One decoded node of a directory's search tree. Immutable. Names and structure are checked here, the entries of a leaf
/// when they are read.
/// <code>
/// format (1) | level (1) | count | item … | end mark
/// leaf item   : name | entry
/// branch item : last name below | entries below | key (32)
/// </code>
/// <para>Invariants: at least one item; names strictly ascend; no child is without entries.</para>
/// </summary>
internal sealed class DirectoryNode
{
    private readonly byte[] _bytes;
    private readonly Item[] _items;

    private DirectoryNode(byte[] bytes, byte level, Item[] items, ulong entries)
    {
        _bytes = bytes;
        _items = items;
        Level = level;
        Entries = entries;
    }

    /// <summary>0 for a leaf.</summary>
    public byte Level { get; }

    public int Count => _items.Length;

    /// <summary>Entries of the directory in and below this node.</summary>
    public ulong Entries { get; }

    /// <summary>What the node costs to keep.</summary>
    public int SizeBytes => _bytes.Length;

    public ReadOnlySpan<byte> LastName => NameOf(Count - 1);

    /// <param name="bytes">The chunk; the node keeps it.</param>
    /// <param name="level">The level at which it was asked for.</param>
    /// <param name="format">What is read, for messages.</param>
    /// <exception cref="WireFormatException">Not a canonical node.</exception>
    public static DirectoryNode Parse(byte[] bytes, byte level, string format)
    {
        var reader = new WireReader(bytes, format);
        var items = new Item[DirectoryNodeCodec.ReadHeader(ref reader, level)];
        ReadOnlySpan<byte> previous = [];
        ulong entries = 0;
        for (int index = 0; index < items.Length; index++)
        {
            previous = DirectoryNodeCodec.ReadName(ref reader, previous);
            int nameStart = bytes.Length - reader.Remaining - previous.Length;
            ulong below = level == 0 ? 1 : reader.ReadVariable();
            int bodyLength = level == 0 ? reader.ReadBytes(SnapshotLimits.EntryBytesMax).Length : reader.ReadFixed(ChunkKey.Size).Length;
            items[index] = new Item(nameStart, previous.Length, bytes.Length - reader.Remaining - bodyLength, bodyLength, entries);
            if (below == 0 || below > long.MaxValue - entries) throw reader.Malformed($"a child with {below} entries");
            entries += below;
        }

        DirectoryNodeCodec.ReadEnd(ref reader);
        return new DirectoryNode(bytes, level, items, entries);
    }

    public ReadOnlySpan<byte> NameOf(int index) => _bytes.AsSpan(_items[index].NameStart, _items[index].NameLength);

    /// <summary>Entries of this node in front of an item.</summary>
    public ulong EntriesBefore(int index) => _items[index].EntriesBefore;

    /// <summary>Of a branch: entries below an item.</summary>
    public ulong EntriesOf(int index) => (index + 1 < Count ? _items[index + 1].EntriesBefore : Entries) - _items[index].EntriesBefore;

    /// <summary>Of a branch: the child at an item.</summary>
    public ChunkKey ChildOf(int index) => new(_bytes.AsSpan(_items[index].BodyStart, _items[index].BodyLength));

    /// <summary>Of a leaf: the entry at an item.</summary>
    /// <exception cref="WireFormatException">The entry is malformed.</exception>
    public SnapshotEntry EntryOf(int index, ulong nextCookie, string format) =>
        SnapshotEntryCodec.Read(NameOf(index), _bytes.AsSpan(_items[index].BodyStart, _items[index].BodyLength), nextCookie, format);

    /// <summary>Of a leaf: the entry at an item, as its bytes.</summary>
    public ReadOnlySpan<byte> BodyOf(int index) => _bytes.AsSpan(_items[index].BodyStart, _items[index].BodyLength);

    /// <summary>The first item whose name is not below <paramref name="name"/>; <see cref="Count"/> when there is none.</summary>
    public int Find(ReadOnlySpan<byte> name)
    {
        int low = 0;
        int high = Count;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (NameOf(middle).SequenceCompareTo(name) < 0) low = middle + 1;
            else high = middle;
        }

        return low;
    }

    /// <summary>The item in or below which the entry with the given number (below <see cref="Entries"/>) lies.</summary>
    public int Find(ulong entry)
    {
        int low = 0;
        int high = Count;
        while (high - low > 1)
        {
            int middle = (low + high) >>> 1;
            if (EntriesBefore(middle) <= entry) low = middle;
            else high = middle;
        }

        return low;
    }

    private readonly record struct Item(int NameStart, int NameLength, int BodyStart, int BodyLength, ulong EntriesBefore);
}
