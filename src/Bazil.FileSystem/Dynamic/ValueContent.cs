using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Snapshots;
using Bazil.Storage.Blobs;

namespace Bazil.FileSystem.Dynamic;

/// <summary>A content value, opened for reading.</summary>
/// <param name="value">The content.</param>
/// <param name="context">Of its volume.</param>
/// <param name="snapshot">The snapshot that keeps it from garbage collection; none for content of an alternate.</param>
internal sealed class ValueContent(ContentValue value, BlobContext context, SnapshotKey snapshot = default) : IVirtualContent
{
    private readonly Blob? _blob = value.Form == ContentForm.Blob ? new Blob(context, value.Manifest) : null;

    public ContentValue Value => value;

    public SnapshotKey Snapshot => snapshot;

    public ValueTask<int> ReadAsync(ulong offset, Memory<byte> buffer, CancellationToken cancel)
    {
        if (_blob is not null) return _blob.ReadAsync(offset, buffer, cancel);
        if (offset >= (ulong)value.Bytes.Length) return new(0);
        ReadOnlyMemory<byte> rest = value.Bytes[(int)offset..];
        int count = Math.Min(rest.Length, buffer.Length);
        rest[..count].CopyTo(buffer);
        return new(count);
    }

    public ValueTask DisposeAsync() => _blob?.DisposeAsync() ?? ValueTask.CompletedTask;
}
