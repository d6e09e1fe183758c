using Bazil.FileSystem.Nodes;
using Bazil.Storage.Blobs;

namespace Bazil.FileSystem.Dynamic;

/// <summary>A content value, opened for reading.</summary>
internal sealed class ValueContent(ContentValue value, BlobContext context) : IVirtualContent
{
    private readonly Blob? _blob = value.Form == ContentForm.Blob ? new Blob(context, value.Manifest) : null;

    public ContentValue Value => value;

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
