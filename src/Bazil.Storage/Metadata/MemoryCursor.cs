using System.Collections.Immutable;

namespace Bazil.Storage.Metadata;

/// <summary>A scan of one state of a <see cref="MemoryMetadataStore"/>.</summary>
internal sealed class MemoryCursor : IMetadataCursor
{
    private readonly ImmutableSortedSet<MemoryEntry> _entries;
    private readonly int _end;
    private int _index;
    private bool _disposed;

    internal MemoryCursor(ImmutableSortedSet<MemoryEntry> entries, ReadOnlySpan<byte> from, ReadOnlySpan<byte> to)
    {
        _entries = entries;
        _index = FirstAtOrAbove(from) - 1;
        _end = to.IsEmpty ? entries.Count : FirstAtOrAbove(to);
    }

    public ReadOnlySpan<byte> Key => Entry.Key;

    public ReadOnlySpan<byte> Value => Entry.Value;

    internal MemoryEntry Entry { get; private set; }

    public bool MoveNext()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_index + 1 >= _end) return false;
        Entry = _entries[++_index];
        return true;
    }

    public void Dispose() => _disposed = true;

    private int FirstAtOrAbove(ReadOnlySpan<byte> key)
    {
        int index = _entries.IndexOf(new MemoryEntry(key.ToArray(), []));
        return index < 0 ? ~index : index;
    }
}
