using System.Collections.Immutable;

namespace Bazil.Storage.Metadata;

/// <summary>One state of a <see cref="MemoryMetadataStore"/>. Values are copied out, so that nobody can change them.</summary>
internal sealed class MemorySnapshot(ImmutableSortedSet<MemoryEntry> entries) : IMetadataSnapshot
{
    private bool _disposed;

    public byte[]? Get(ReadOnlySpan<byte> key)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return entries.TryGetValue(new MemoryEntry(key.ToArray(), []), out MemoryEntry found) ? found.Value.ToArray() : null;
    }

    public IMetadataCursor Scan(ReadOnlySpan<byte> from, ReadOnlySpan<byte> to)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return new MemoryCursor(entries, from, to);
    }

    public void Dispose() => _disposed = true;
}
