using Bazil.Core;
using Bazil.FileSystem.Nodes;
using Bazil.Storage.Blobs;
using Bazil.Unix;

namespace Bazil.FileSystem.Live;

/// <summary>
/// The content of one file while it is open, shared by all its handles. Small content is an array that is replaced as a
/// whole; anything that grew beyond the inline limit is a <see cref="Blob"/> as long as the file is open.
/// <para>Invariants: the blob holds the content when there is one, else the array; <see cref="Seen"/> is the value that the content was
/// derived from, so publishing replaces that one and no other.</para>
/// <para><see cref="Gate"/> is held for every change of the content and while it is published. Reads take no lock.</para>
/// </summary>
internal sealed partial class OpenFile : IAsyncDisposable
{
    private readonly BlobContext _context;
    private byte[] _inline;
    private Blob? _blob;
    private long _dirtySince;

    public OpenFile(NodeRecord record, BlobContext context)
        : this(record, context, record.ShownContent?.Value)
    {
    }

    private OpenFile(NodeRecord record, BlobContext context, ContentValue? content)
    {
        _context = context;
        Inode = record.Inode;
        Opened = record;
        Seen = record.ShownContent?.Value;
        ModifyTime = record.ModifyTime;
        ChangeTime = record.ChangeTime;
        _inline = content is { Form: ContentForm.Inline } value ? value.Bytes.ToArray() : [];
        _allocated = record.AllocatedBytes;
        if (content is { Form: ContentForm.Blob }) _blob = new Blob(context, content.Manifest);
        _changed = new ChangedRanges(SizeBytes);
    }

    public InodeId Inode { get; }

    /// <summary>Called when there is something to save where there was not; under any lock.</summary>
    public Action? Dirtied { get; set; }

    public SemaphoreSlim Gate { get; } = new(1, 1);

    /// <summary>Open handles. Guarded by the volume's gate.</summary>
    public int Handles { get; set; }

    /// <summary>Handles that may write. Guarded by the volume's gate.</summary>
    public int Writers { get; set; }

    /// <summary>The record as it was when the file was opened: its attributes, should a peer delete it meanwhile.</summary>
    public NodeRecord Opened { get; }

    /// <summary>The record as it was when the last name was removed, as changed since; null while it has one. Guarded by the volume's gate.</summary>
    public NodeRecord? Unlinked { get; set; }

    /// <summary>The value in the record that this content was derived from.</summary>
    public ContentValue? Seen { get; private set; }

    /// <summary>What the volume knew when <see cref="Seen"/> was its content. Guarded by the volume's gate.</summary>
    public Knowledge SeenKnowledge { get; set; } = Knowledge.Empty;

    /// <summary>
    /// What can be vouched for while this content holds copies of other content and is not published; null when it holds none. Guarded by the
    /// volume's gate.
    /// </summary>
    public Knowledge? CopiedKnowledge { get; set; }

    /// <summary>Copies into this file that are under way; publishing what it has so far ends none of them. Guarded by the volume's gate.</summary>
    public List<ArrivingCopy> Arriving { get; } = [];

    /// <summary>True when this content holds copies from a snapshot, and is not published. Guarded by the volume's gate.</summary>
    public bool IsCopiedFromSnapshot { get; set; }

    public UnixTime ModifyTime { get; private set; }

    /// <summary>When content or times were last changed through this state.</summary>
    public UnixTime ChangeTime { get; private set; }

    /// <summary>The access time that a program set and that goes into the record when the content is published; null for that of the record. Guarded by the volume's gate.</summary>
    public UnixTime? AccessTime { get; set; }

    /// <summary>True when there are changes that were not published.</summary>
    public bool IsDirty { get; private set; }

    /// <summary>True when a Working row holds content of this file.</summary>
    public bool HasWorkingRow { get; set; }

    /// <summary>True when the content could not be stored last, because of a chunk that cannot be read, say.</summary>
    public bool CannotBeStored { get; private set; }

    /// <summary>True when changes were made since the content was last saved.</summary>
    public bool HasUnsaved
    {
        get;
        private set
        {
            bool isNew = value && !field;
            field = value;
            if (isNew) Dirtied?.Invoke();
        }
    }

    /// <summary>True when a read should move the access time, by the rules of relatime.</summary>
    public bool WasRead { get; set; }

    /// <summary>True when a handle was closed through which the kernel may have read from its own cache: nobody tells us of that.</summary>
    public bool MayHaveBeenRead { get; set; }

    public ulong SizeBytes
    {
        get
        {
            // The blob first, as when the content is read.
            if (Volatile.Read(ref _blob) is { } blob) return blob.SizeBytes;
            return (ulong)Volatile.Read(ref _inline).Length;
        }
    }

    /// <summary>The oldest key epoch under which a chunk of the content may be sealed; the largest number there is when none is.</summary>
    public uint KeyEpoch => Volatile.Read(ref _blob)?.KeyEpoch ?? uint.MaxValue;

    /// <summary>Reads; short only at the end of the content.</summary>
    /// <param name="offset">Of the first byte.</param>
    /// <param name="buffer">Lent until the task completes.</param>
    /// <param name="reader">The handle that is read from, by reference, until <see cref="Leave"/>.</param>
    /// <param name="cancel">Gives up.</param>
    public ValueTask<int> ReadAsync(ulong offset, Memory<byte> buffer, object? reader, CancellationToken cancel)
    {
        // The blob first: whoever finds none any more finds the array that took its place, not the one it was made of.
        if (Volatile.Read(ref _blob) is { } blob) return ReadBlobAsync(blob, offset, buffer, reader, cancel);
        byte[] inline = Volatile.Read(ref _inline);
        if (offset >= (ulong)inline.Length) return new(0);
        int count = Math.Min(buffer.Length, inline.Length - (int)offset);
        inline.AsSpan((int)offset, count).CopyTo(buffer.Span);
        return new(count);
    }

    /// <summary>A handle is not read from any more.</summary>
    public void Leave(object reader) => Volatile.Read(ref _blob)?.Leave(reader);

    /// <summary>Writes. Under <see cref="Gate"/>.</summary>
    public async ValueTask WriteAsync(ulong offset, ReadOnlyMemory<byte> data, UnixTime now, CancellationToken cancel)
    {
        for (int done = 0; done < data.Length;) done += await WriteSomeAsync(offset + (uint)done, data[done..], now, cancel);
    }

    /// <summary>Writes, and answers how much: less than all when it cannot go on. When it throws, nothing was written. Under <see cref="Gate"/>.</summary>
    public async ValueTask<int> WriteSomeAsync(ulong offset, ReadOnlyMemory<byte> data, UnixTime now, CancellationToken cancel)
    {
        int count = data.Length;
        NoteWrite(offset, (ulong)data.Length);
        if (_blob is null && offset + (ulong)data.Length > Limits.InlineBytesMax) await PromoteAsync(cancel);
        if (_blob is not null)
        {
            MarkDirty(now);
            _changed.Add(offset, (ulong)data.Length);
            count = await _blob.WriteSomeAsync(offset, data, cancel);
        }
        else
        {
            byte[] inline = new byte[Math.Max(_inline.Length, (int)offset + data.Length)];
            _inline.CopyTo(inline, 0);
            data.Span.CopyTo(inline.AsSpan((int)offset));
            Volatile.Write(ref _inline, inline);
            _changed.Add(offset, (ulong)data.Length);
        }

        MarkDirty(now);
        return count;
    }

    /// <summary>Cuts or extends with zeros. Under <see cref="Gate"/>.</summary>
    public async ValueTask TruncateAsync(ulong size, UnixTime now, CancellationToken cancel)
    {
        if (size > SizeBytes) NoteHoles();
        if (_blob is null && size > Limits.InlineBytesMax) await PromoteAsync(cancel);
        if (_blob is not null)
        {
            await CutOrExtendAsync(_blob, size, cancel);
        }
        else
        {
            byte[] inline = _inline;
            Array.Resize(ref inline, (int)size);
            Volatile.Write(ref _inline, inline);
        }

        _changed.SetSize(size);
        MarkDirty(now);
    }

    /// <summary>Seals what is dirty and returns the content as a value. Under <see cref="Gate"/>.</summary>
    public async ValueTask<ContentValue> SaveAsync(CancellationToken cancel)
    {
        HasUnsaved = CannotBeStored = false;
        if (_blob is null) return ContentValue.Inline(_inline, ModifyTime);
        try
        {
            if (_blob.SizeBytes > Limits.InlineBytesMax)
            {
                ContentValue saved = ContentValue.Blob(await _blob.SaveAsync(cancel), ModifyTime);
                await CountAllocatedAsync(cancel);
                return saved;
            }

            _allocated = null;
            byte[] small = new byte[(int)_blob.SizeBytes];
            int count = await _blob.ReadAsync(0, small, cancel);
            Invariant.Check(count == small.Length);
            return ContentValue.Inline(small, ModifyTime);
        }
        catch
        {
            HasUnsaved = CannotBeStored = true;
            throw;
        }
    }

    /// <summary>The content as a value, for a snapshot: it stays to be saved as if nobody had looked. Under <see cref="Gate"/>.</summary>
    public async ValueTask<ContentValue> LookAsync(CancellationToken cancel)
    {
        bool hadUnsaved = HasUnsaved;
        try
        {
            return await SaveAsync(cancel);
        }
        finally
        {
            HasUnsaved = hadUnsaved;
        }
    }

    /// <summary>What the content refers to in the chunk store, though no row may name it yet. Under <see cref="Gate"/>.</summary>
    public async ValueTask<IReadOnlyList<BlobSubtree>> ListStoredAsync(CancellationToken cancel) =>
        _blob is null ? [] : await _blob.ListStoredAsync(cancel);

    /// <summary>Notes that the content stands in the record now. Under <see cref="Gate"/>.</summary>
    public void Published(ContentValue value)
    {
        Seen = value;
        IsDirty = false;
        HasWorkingRow = HasWorkingBase = false;
        AccessTime = null;
        DropPatches();
        InRows();
    }

    /// <summary>Replaces the content by one that came from a peer, if there are no changes. Under <see cref="Gate"/>.</summary>
    public async ValueTask<bool> ReplaceAsync(NodeRecord record)
    {
        if (IsDirty || Unlinked is not null || record.ShownContent?.Value is not { } value) return false;
        Blob? old = _blob;
        if (value.Form == ContentForm.Inline) Volatile.Write(ref _inline, value.Bytes.ToArray());
        Volatile.Write(ref _blob, value.Form == ContentForm.Blob ? new Blob(_context, value.Manifest) : null);
        Seen = value;
        ModifyTime = record.ModifyTime;
        _allocated = record.AllocatedBytes;
        _changed.Clear(SizeBytes);
        if (old is not null) await old.DisposeAsync();
        return true;
    }

    public void SetTimes(UnixTime modifyTime, UnixTime changeTime, UnixTime? accessTime = null)
    {
        ModifyTime = modifyTime;
        ChangeTime = changeTime;
        AccessTime = accessTime ?? AccessTime;
    }

    /// <summary>True when the content has been dirty for at least this many clock ticks.</summary>
    public bool IsDirtyFor(long now, long ticks) => IsDirty && HasUnsaved && now - _dirtySince >= ticks;

    /// <summary>Notes that what was saved did not get into rows: it has to be saved again.</summary>
    public void NotSaved() => HasUnsaved = IsDirty;

    /// <summary>Starts the time that content may stay unsaved.</summary>
    public void StartDirtyTime(long now) => _dirtySince = now;

    /// <summary>Drops the content. The gate stays usable: the background may still be waiting for it, and finds nothing to do.</summary>
    public async ValueTask DisposeAsync()
    {
        IsDirty = HasUnsaved = false;
        if (_blob is not null) await _blob.DisposeAsync();
    }

    private async ValueTask<int> ReadBlobAsync(Blob blob, ulong offset, Memory<byte> buffer, object? reader, CancellationToken cancel)
    {
        try
        {
            return await blob.ReadAsync(offset, buffer, reader, cancel);
        }
        catch (ObjectDisposedException) when (Volatile.Read(ref _blob) != blob)
        {
            // The content was replaced by a peer's in this moment.
            return await ReadAsync(offset, buffer, reader, cancel);
        }
    }

    private async ValueTask CutOrExtendAsync(Blob blob, ulong size, CancellationToken cancel)
    {
        try
        {
            await blob.TruncateAsync(size, cancel);
        }
        catch
        {
            _changed.AddEverything(); // how far it got is not known
            throw;
        }
    }

    private void MarkDirty(UnixTime now)
    {
        ModifyTime = ChangeTime = now;
        IsDirty = HasUnsaved = true;
        _changed.Touch();
    }

    private async ValueTask PromoteAsync(CancellationToken cancel)
    {
        var blob = new Blob(_context, Manifest.Empty() with { KeyEpoch = _context.Chunks.Current });
        if (_inline.Length > 0) await blob.WriteAsync(0, _inline, cancel);

        // The array stays: a reader who found no blob a moment ago reads it.
        Volatile.Write(ref _blob, blob);
    }
}
