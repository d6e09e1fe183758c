using Bazil.FileSystem.Nodes;
using Bazil.Storage.Blobs;

namespace Bazil.FileSystem.Snapshots;

/// <summary>
/// The content of a file in a snapshot, opened for reading at any offset. Safe for concurrent use; disposed by whoever
/// opened it.
/// </summary>
public sealed class SnapshotContent : IAsyncDisposable
{
    private readonly ReadOnlyMemory<byte> _inline;
    private readonly Blob? _blob;

    private SnapshotContent(ReadOnlyMemory<byte> inline, Blob? blob)
    {
        _inline = inline;
        _blob = blob;
    }

    public ulong SizeBytes => _blob?.SizeBytes ?? (ulong)_inline.Length;

    /// <summary>Opens the content of a file; reads nothing yet.</summary>
    /// <param name="blobs">Over the chunk store that has the snapshot.</param>
    /// <param name="entry">The entry of a file.</param>
    /// <exception cref="ArgumentException">The entry is no file.</exception>
    public static SnapshotContent Open(BlobContext blobs, SnapshotEntry entry)
    {
        if (entry.Kind != NodeKind.File) throw new ArgumentException($"{entry.Name} is no file but a {entry.Kind}", nameof(entry));
        ContentValue content = entry.Content!;
        if (content.Form == ContentForm.Inline) return new SnapshotContent(content.Bytes, null);
        return new SnapshotContent(default, new Blob(blobs, content.Manifest));
    }

    /// <summary>
    /// Reads into the buffer, which is lent until the task completes. Returns less than asked for only at the end, 0 behind it.
    /// </summary>
    /// <exception cref="Storage.Stores.StoreException">A chunk is missing, damaged, or on a store that cannot be reached.</exception>
    public ValueTask<int> ReadAsync(ulong offset, Memory<byte> buffer, CancellationToken cancel)
    {
        if (_blob is not null) return _blob.ReadAsync(offset, buffer, cancel);
        if (offset >= (ulong)_inline.Length) return ValueTask.FromResult(0);
        ReadOnlyMemory<byte> rest = _inline[(int)offset..];
        int count = Math.Min(rest.Length, buffer.Length);
        rest[..count].CopyTo(buffer);
        return ValueTask.FromResult(count);
    }

    public ValueTask DisposeAsync() => _blob?.DisposeAsync() ?? ValueTask.CompletedTask;
}
