using System.Runtime.InteropServices;

namespace Bazil.Fuse.Examples;

/// <summary>
/// The names in a directory, found by name and walked in the order they were made. Each has an offset that never changes and is
/// never used again, so a reader goes on where it stopped, whatever was added or removed meanwhile. The tree's lock guards it.
/// </summary>
internal sealed class DirectoryContent(Inode? parent)
{
    /// <summary>1 and 2 are the offsets of <c>.</c> and <c>..</c>.</summary>
    internal const long FirstOffset = 3;

    private readonly Dictionary<byte[], DirectoryEntry> _byName = new(ByteSequenceComparer.Instance);

    /// <summary>Ascending by offset; removed entries stay until they are half of it.</summary>
    private readonly List<DirectoryEntry> _byOffset = [];
    private long _nextOffset = FirstOffset;

    /// <summary>Null for the root.</summary>
    internal Inode? Parent { get; set; } = parent;

    internal int Count => _byName.Count;

    internal DirectoryEntry? Find(ReadOnlySpan<byte> name) =>
        _byName.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(name, out var entry) ? entry : null;

    internal void Add(ReadOnlySpan<byte> name, Inode inode)
    {
        var entry = new DirectoryEntry(name.ToArray(), _nextOffset++) { Inode = inode };
        _byName.Add(entry.Name, entry);
        _byOffset.Add(entry);
    }

    internal void Remove(DirectoryEntry entry)
    {
        _byName.Remove(entry.Name);
        entry.Removed = true;
        if (_byOffset.Count > 2 * _byName.Count) _byOffset.RemoveAll(static candidate => candidate.Removed);
    }

    /// <summary>The entries with offsets beyond <paramref name="offset"/>, among them removed ones. Until the directory changes.</summary>
    internal ReadOnlySpan<DirectoryEntry> After(long offset) => CollectionsMarshal.AsSpan(_byOffset)[IndexAfter(offset)..];

    private int IndexAfter(long offset)
    {
        var (low, high) = (0, _byOffset.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (_byOffset[middle].Offset <= offset) low = middle + 1;
            else high = middle;
        }

        return low;
    }
}
