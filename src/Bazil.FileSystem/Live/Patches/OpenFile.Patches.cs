using Bazil.Core;
using Bazil.FileSystem.Nodes;
using Bazil.Storage.Blobs;

namespace Bazil.FileSystem.Live;

// Patches: what was synced without being sealed, and what has changed since.
internal sealed partial class OpenFile
{
    /// <summary>What differs from the rows: the record or, if <see cref="HasWorkingBase"/>, the Working row with its patches. Under <see cref="Gate"/>.</summary>
    private readonly ChangedRanges _changed;

    /// <summary>The Working row is of this content: what is in memory was made from it. Guarded by the volume's gate.</summary>
    public bool HasWorkingBase { get; private set; }

    /// <summary>Patches on the Working row. Guarded by the volume's gate.</summary>
    public int PatchCount { get; private set; }

    /// <summary>Their bytes, with what a row costs. Guarded by the volume's gate.</summary>
    public long PatchBytes { get; private set; }

    /// <summary>The size that the rows say, with all patches. Guarded by the volume's gate.</summary>
    public ulong PatchedSizeBytes { get; private set; }

    /// <summary>The last patch, which is not the only one, sets times and nothing else. Guarded by the volume's gate.</summary>
    public bool EndsWithTimes { get; private set; }

    /// <summary>When the first of the patches was made, in clock ticks. Guarded by the volume's gate.</summary>
    public long PatchedSince { get; private set; }

    /// <summary>When the last of them was made. Guarded by the volume's gate.</summary>
    public long PatchedLast { get; private set; }

    /// <summary>The rows have all that was written, as patches. Under <see cref="Gate"/>.</summary>
    public bool IsPatched => PatchCount > 0 && _changed.IsEmpty;

    /// <summary>The Working row and its patches have all that was written. Under <see cref="Gate"/>.</summary>
    public bool IsInRows => HasWorkingBase && _changed.IsEmpty;

    /// <summary>The content fits a patch, and is not better published: what is small anyway is in its record. Under <see cref="Gate"/>.</summary>
    public bool MayBePatched => !_changed.IsTooMuch && HasStoredContent;

    /// <summary>Saving it puts chunks into the store, as far as it has changed. Under <see cref="Gate"/>.</summary>
    public bool HasStoredContent => _blob is not null && _blob.SizeBytes > Limits.InlineBytesMax;

    /// <summary>Bytes that a patch would have now, with what a row costs. Under <see cref="Gate"/>.</summary>
    public long NextPatchBytes => _changed.Bytes + Limits.PatchRowBytes;

    /// <summary>The content that <see cref="Seen"/> stands for, to put patches on.</summary>
    public ContentValue Base => Seen ?? ContentValue.Inline([], ModifyTime);

    /// <summary>The state that a file was in when the daemon died, before its patches.</summary>
    public static OpenFile Recover(NodeRecord record, WorkingContent working, BlobContext context)
    {
        var file = new OpenFile(record, context, working.Value) { Seen = working.Seen, ModifyTime = working.Value.ModifyTime, HasWorkingRow = true, HasWorkingBase = true };
        file.IsDirty = true;
        return file;
    }

    /// <summary>What was changed since the rows were, to be added to them. Under <see cref="Gate"/>.</summary>
    public async ValueTask<ContentPatch> MakePatchAsync(CancellationToken cancel)
    {
        ulong size = SizeBytes;
        var ranges = new List<KeyValuePair<ulong, ReadOnlyMemory<byte>>>(_changed.Ranges.Count);
        foreach ((ulong from, ulong end) in _changed.Ranges)
        {
            // A write that failed half way may have been to go on behind the end.
            ulong to = Math.Min(end, size);
            if (from >= to) break;
            byte[] bytes = new byte[(int)(to - from)];
            int count = await ReadAsync(from, bytes, reader: null, cancel);
            Invariant.Check(count == bytes.Length);
            ranges.Add(KeyValuePair.Create(from, (ReadOnlyMemory<byte>)bytes));
        }

        return new ContentPatch(_changed.SizeBytesMin, size, ModifyTime, ranges);
    }

    /// <summary>Makes the changes of a patch that the rows have already.</summary>
    public async ValueTask ApplyAsync(ContentPatch patch, long timestamp, CancellationToken cancel)
    {
        if (patch.SizeBytesMin < SizeBytes) await TruncateAsync(patch.SizeBytesMin, patch.ModifyTime, cancel);
        if (patch.SizeBytes != SizeBytes) await TruncateAsync(patch.SizeBytes, patch.ModifyTime, cancel);
        foreach ((ulong offset, ReadOnlyMemory<byte> bytes) in patch.Ranges) await WriteAsync(offset, bytes, patch.ModifyTime, cancel);
        MarkDirty(patch.ModifyTime);
        Patched(patch, _changed.Bytes + Limits.PatchRowBytes, timestamp);
        InRows();
    }

    /// <summary>Notes a patch that the rows got. Under the volume's gate.</summary>
    public void Patched(ContentPatch patch, long bytes, long timestamp)
    {
        if (PatchCount++ == 0) PatchedSince = timestamp;
        PatchedLast = timestamp;
        PatchBytes += bytes;
        EndsWithTimes = PatchCount > 1 && patch.Ranges.Count == 0 && patch.SizeBytesMin == PatchedSizeBytes && patch.SizeBytes == PatchedSizeBytes;
        PatchedSizeBytes = patch.SizeBytes;
        HasWorkingRow = HasWorkingBase = true;
    }

    /// <summary>The last patch, one of the times alone, is replaced by the next one. Under the volume's gate.</summary>
    public void TakeBackTimes()
    {
        PatchCount--;
        PatchBytes -= Limits.PatchRowBytes;
    }

    /// <summary>Notes that the rows have all of the content. Under <see cref="Gate"/>.</summary>
    public void InRows()
    {
        HasUnsaved = false;
        _changed.Clear(SizeBytes);
    }

    /// <summary>Notes that the Working row has all of the content, without patches. Under <see cref="Gate"/> and the volume's.</summary>
    public void Saved()
    {
        HasWorkingRow = HasWorkingBase = true;
        DropPatches();
        InRows();
    }

    /// <summary>Notes that there are no rows of patches any more. Under the volume's gate.</summary>
    public void DropPatches()
    {
        PatchCount = 0;
        PatchBytes = 0;
    }
}
