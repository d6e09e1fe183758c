using Bazil.FileSystem.Nodes;
using Bazil.Storage.Blobs;
using Bazil.Storage.Stores;
using Bazil.Unix;

namespace Bazil.FileSystem.Live;

// Ranges: holes and copies.
internal sealed partial class OpenFile
{
    private ulong? _allocated;

    /// <summary>Bytes that are not holes, at most: exact after a save, what was written since counted on top. Null when there are no holes, as far as is known.</summary>
    public ulong? AllocatedBytes => _allocated;

    /// <summary>The next data or hole at or behind an offset, the end counting as a hole; null when there is none.</summary>
    public ValueTask<ulong?> SeekAsync(ulong offset, bool isData, CancellationToken cancel)
    {
        if (Volatile.Read(ref _blob) is { } blob) return SeekBlobAsync(blob, offset, isData, cancel);
        byte[] inline = Volatile.Read(ref _inline);
        if (offset >= (ulong)inline.Length) return new((ulong?)null);
        return new(isData ? offset : (ulong)inline.Length);
    }

    /// <summary>Zeroes what there is of a range. Under <see cref="Gate"/>.</summary>
    public async ValueTask ZeroAsync(ulong offset, ulong length, UnixTime now, CancellationToken cancel)
    {
        NoteHoles();
        if (offset < SizeBytes) _changed.Add(offset, Math.Min(length, SizeBytes - offset));
        if (_blob is not null)
        {
            MarkDirty(now);
            await _blob.ZeroAsync(offset, length, cancel);
        }
        else if (offset < (ulong)_inline.Length)
        {
            byte[] inline = _inline.ToArray();
            inline.AsSpan((int)offset, (int)Math.Min(length, (ulong)inline.Length - offset)).Clear();
            Volatile.Write(ref _inline, inline);
        }

        MarkDirty(now);
    }

    /// <summary>Moves the times of a change that changed no byte. Under <see cref="Gate"/>.</summary>
    public void Touch(UnixTime now) => MarkDirty(now);

    /// <summary>The content as it is now: of large files, everything is stored first. Under <see cref="Gate"/>.</summary>
    public async ValueTask<ContentValue> FreezeAsync(CancellationToken cancel) =>
        _blob is null ? ContentValue.Inline(_inline, ModifyTime) : ContentValue.Blob(await _blob.SaveAsync(cancel), ModifyTime);

    /// <summary>
    /// Copies a range of other content, as far as there is something, by sharing chunks (<see cref="SharesChunksOf"/>). Under
    /// <see cref="Gate"/>. Returns how much was copied.
    /// </summary>
    /// <param name="source">The content to copy from.</param>
    /// <param name="mayHaveHoles">The source is known to have holes.</param>
    /// <param name="sourceOffset">Where the range begins.</param>
    /// <param name="offset">Where it goes to.</param>
    /// <param name="length">Its length, beyond the end of the source or not.</param>
    /// <param name="now">The time of the change.</param>
    /// <param name="cancel">Stops between two parts.</param>
    public async ValueTask<ulong> CopyAsync(
        ContentValue source, bool mayHaveHoles, ulong sourceOffset, ulong offset, ulong length, UnixTime now, CancellationToken cancel)
    {
        if (sourceOffset >= source.SizeBytes) return 0;
        length = Math.Min(length, source.SizeBytes - sourceOffset);
        if (mayHaveHoles || offset > SizeBytes) NoteHoles();
        if (_blob is null) await PromoteAsync(cancel);
        _allocated += length;
        _changed.AddEverything();
        MarkDirty(now);
        await _blob!.CloneAsync(source.Manifest, sourceOffset, offset, length, cancel);
        return length;
    }

    /// <summary>There may be holes from now on. Under <see cref="Gate"/>.</summary>
    public void NoteHoles() => _allocated ??= SizeBytes;

    private async ValueTask<ulong?> SeekBlobAsync(Blob blob, ulong offset, bool isData, CancellationToken cancel)
    {
        try
        {
            return await blob.SeekAsync(offset, isData, cancel);
        }
        catch (ObjectDisposedException) when (Volatile.Read(ref _blob) != blob)
        {
            // The content was replaced by a peer's in this moment.
            return await SeekAsync(offset, isData, cancel);
        }
    }

    private void NoteWrite(ulong offset, ulong length)
    {
        if (offset > SizeBytes) NoteHoles();
        if (_allocated is not null) _allocated += ((length / Manifest.DefaultChunkSizeBytes) + 2) * Manifest.DefaultChunkSizeBytes;
    }

    /// <summary>Counts what is not a hole, in files that may have some, are not too large to look at, and have their pointers at hand. What is only counted keeps no save from being one.</summary>
    private async ValueTask CountAllocatedAsync(CancellationToken cancel)
    {
        if (_allocated is null) return;
        try
        {
            ulong? counted = await _blob!.MeasureAsync(Limits.MeasuredPointersMax, cancel);
            _allocated = counted is { } bytes && bytes < SizeBytes ? bytes : null;
        }
        catch (StoreException)
        {
            _allocated = Math.Min(_allocated ?? 0, SizeBytes);
        }
    }
}
