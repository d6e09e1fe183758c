using Bazil.FileSystem.Nodes;
using Bazil.Storage.Blobs;

namespace Bazil.FileSystem.Live;

// What changes need of the stored content, fetched before the gate is taken: without any lock. Always true; content that is replaced meanwhile was fetched in vain.
internal sealed partial class OpenFile
{
    public ValueTask<bool> BringForWriteAsync(ulong offset, ulong length, CancellationToken cancel) =>
        Volatile.Read(ref _blob) is { } blob ? WhenDone(blob.BringForWriteAsync(offset, length, cancel)) : new(true);

    public ValueTask<bool> BringForTruncateAsync(ulong sizeBytes, CancellationToken cancel) =>
        Volatile.Read(ref _blob) is { } blob ? WhenDone(blob.BringForTruncateAsync(sizeBytes, cancel)) : new(true);

    public ValueTask<bool> BringForZeroAsync(ulong offset, ulong length, CancellationToken cancel) =>
        Volatile.Read(ref _blob) is { } blob ? WhenDone(blob.BringForZeroAsync(offset, length, cancel)) : new(true);

    /// <summary>For <see cref="CopyAsync"/>.</summary>
    public async ValueTask<bool> BringForCopyAsync(ContentValue source, ulong sourceOffset, ulong offset, ulong length, CancellationToken cancel)
    {
        if (sourceOffset >= source.SizeBytes) return true;
        length = Math.Min(length, source.SizeBytes - sourceOffset);
        Blob? blob = Volatile.Read(ref _blob);
        if (blob is not null) return await WhenDone(blob.BringForCloneAsync(source.Manifest, sourceOffset, offset, length, cancel));
        await using var empty = new Blob(_context, Manifest.Empty() with { KeyEpoch = _context.Chunks.Current });
        await empty.BringForCloneAsync(source.Manifest, sourceOffset, offset, length, cancel);
        return true;
    }

    /// <summary>Whether <see cref="CopyAsync"/> copies this range; otherwise its bytes have to be read and written.</summary>
    public bool SharesChunksOf(ContentValue source, ulong sourceOffset, ulong offset, ulong length)
    {
        if (source.Form != ContentForm.Blob) return false;
        if (Volatile.Read(ref _blob) is { } blob) return blob.IsSharedWith(source.Manifest, sourceOffset, offset);

        // It becomes a blob, unless it stays small.
        ulong end = offset + Math.Min(length, source.SizeBytes - Math.Min(sourceOffset, source.SizeBytes));
        Manifest empty = Manifest.Empty() with { KeyEpoch = _context.Chunks.Current };
        return end > Limits.InlineBytesMax && (source.Manifest with { Root = default, SizeBytes = 0 }) == empty && sourceOffset % empty.ChunkSizeBytes == offset % empty.ChunkSizeBytes;
    }

    private static ValueTask<bool> WhenDone(ValueTask task)
    {
        return task.IsCompletedSuccessfully ? new(true) : AwaitAsync(task);

        static async ValueTask<bool> AwaitAsync(ValueTask task)
        {
            await task;
            return true;
        }
    }
}
