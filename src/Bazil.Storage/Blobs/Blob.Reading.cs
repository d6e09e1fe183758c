using System.Buffers;
using Bazil.Core;
using Bazil.Storage.Cas;

namespace Bazil.Storage.Blobs;

/// <content>
/// Reads: from nodes in memory where there are any, else down the stored tree. The gate is held only while what is in memory is looked at: what is stored never changes, so it
/// is fetched afterwards, and a store that hangs holds up nobody but its readers.
/// </content>
public sealed partial class Blob
{
    private readonly ReadAheadStreams? _ahead; // null when nothing is read ahead

    /// <summary>
    /// Reads into the buffer, which is lent until the task completes. Returns less than asked for only at the end of the
    /// content, 0 behind it. Chunks that are not in memory are fetched concurrently.
    /// </summary>
    public ValueTask<int> ReadAsync(ulong offset, Memory<byte> buffer, CancellationToken cancel) => ReadAsync(offset, buffer, reader: null, cancel);

    /// <summary>The same for one of several readers.</summary>
    /// <param name="offset">Of the first byte.</param>
    /// <param name="buffer">For as many as there are.</param>
    /// <param name="reader">Who reads, by reference, until <see cref="Leave"/>: where one goes tells nothing of what the others will want. Null for all that do not say.</param>
    /// <param name="cancel">Gives up.</param>
    public async ValueTask<int> ReadAsync(ulong offset, Memory<byte> buffer, object? reader, CancellationToken cancel)
    {
        int count;
        IChunkStore chunks;
        StoredPart? single = null;
        List<StoredPart>? several = null;
        await _gate.EnterSharedAsync(cancel);
        try
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            ulong sizeBytes = _sizeBytes; // changes only under the exclusive gate
            if (offset >= sizeBytes || buffer.IsEmpty) return 0;
            count = (int)Math.Min((ulong)buffer.Length, sizeBytes - offset);
            _ahead?.Of(reader).Advise(offset, count, sizeBytes, _layout);

            chunks = _chunks;
            int within = _layout.WithinChunk(offset);
            ulong chunk = _layout.ChunkOf(offset);
            if (within + count <= (int)_layout.ChunkSizeBytes) single = ReadFromMemory(chunk, within, buffer[..count]);
            else several = ReadSeveralFromMemory(chunk, within, buffer[..count]);
        }
        finally
        {
            _gate.ExitShared();
        }

        if (single is { } part) await FetchAsync(chunks, part, offload: false, cancel);
        else if (several is not null) await FetchAsync(chunks, several, count, cancel);
        return count;
    }

    /// <summary>A reader will not read any more: what is fetched ahead for it is given up.</summary>
    public void Leave(object reader) => _ahead?.Leave(reader);

    private List<StoredPart>? ReadSeveralFromMemory(ulong chunk, int within, Memory<byte> buffer)
    {
        List<StoredPart>? parts = null;
        for (; !buffer.IsEmpty; chunk++, within = 0)
        {
            int count = Math.Min(buffer.Length, (int)_layout.ChunkSizeBytes - within);
            if (ReadFromMemory(chunk, within, buffer[..count]) is { } part) (parts ??= []).Add(part);
            buffer = buffer[count..];
        }

        return parts;
    }

    /// <summary>Reads a part of one chunk if it is in memory; otherwise returns what is to be fetched. Under the shared gate.</summary>
    private StoredPart? ReadFromMemory(ulong chunk, int within, Memory<byte> destination)
    {
        BlobNode? node;
        lock (_lock)
        {
            (node, int level, ChunkKey key) = _tree.Locate(chunk);
            if (node is null)
            {
                ChunkOverlay? overlay = _overlays.GetValueOrDefault(chunk);
                if (overlay is null || !overlay.Covers(within, destination.Length)) return new StoredPart(chunk, level, key, within, destination, overlay?.Copy(within, destination.Length));
                overlay.CopyTo(within, destination.Span);
                return null;
            }

            node.PinCount++;
        }

        CopyOrZero(node.Content.Span, within, destination.Span);
        lock (_lock)
        {
            node.PinCount--;
            _tree.DropIfIdle(node);
        }

        return null;
    }

    private async ValueTask FetchAsync(IChunkStore chunks, List<StoredPart> parts, int readBytes, CancellationToken cancel)
    {
        var pending = new List<Task>();
        bool isWorthTasks = _layout.ChunkSizeBytes >= BlobLimits.TaskBytes || readBytes > BlobLimits.TaskBytes;
        int next = 0;
        try
        {
            while (next < parts.Count)
            {
                StoredPart part = parts[next++];
                ValueTask read = FetchAsync(chunks, part, offload: next < parts.Count && isWorthTasks, cancel);
                if (read.IsCompleted) await read;
                else pending.Add(read.AsTask());

                if (pending.Count == BlobLimits.ReadConcurrencyMax)
                {
                    await Task.WhenAll(pending);
                    pending.Clear();
                }
            }
        }
        finally
        {
            for (; next < parts.Count; next++) parts[next].Overlay?.Wipe();
            await Task.WhenAll(pending); // also after a failure: the buffer is only lent
        }
    }

    /// <param name="chunks">The chunks of the content when it was looked at.</param>
    /// <param name="part">What to fetch.</param>
    /// <param name="offload">Fetch on another thread, since the caller has more to do.</param>
    /// <param name="cancel">Gives up.</param>
    private async ValueTask FetchAsync(IChunkStore chunks, StoredPart part, bool offload, CancellationToken cancel)
    {
        try
        {
            ChunkKey key = await DescendAsync(chunks, part.Chunk, part.Level, part.Key, cancel);
            if (key.IsZero)
            {
                part.Destination.Span.Clear();
            }
            else
            {
                int sizeBytes = (int)_layout.ChunkSizeBytes;
                bool isAway = offload && !(chunks is CachingChunkStore cache && cache.IsCached(ChunkType.File, 0, key, sizeBytes));
                using IMemoryOwner<byte> content = isAway
                    ? await _context.Budget.Scheduler.RunAsync(() => chunks.GetAsync(ChunkType.File, 0, key, sizeBytes, cancel).AsTask())
                    : await chunks.GetAsync(ChunkType.File, 0, key, sizeBytes, cancel);
                CopyOrZero(content.Memory.Span, part.Within, part.Destination.Span);
            }

            part.Overlay?.CopyTo(part.Within, part.Destination.Span);
        }
        finally
        {
            part.Overlay?.Wipe();
        }
    }

    /// <summary>Walks stored pointer chunks down to the key of a data chunk; zero for a hole.</summary>
    private ValueTask<ChunkKey> DescendAsync(ulong chunk, int level, ChunkKey key, CancellationToken cancel) => DescendAsync(_chunks, chunk, level, key, cancel);

    private async ValueTask<ChunkKey> DescendAsync(IChunkStore chunks, ulong chunk, int level, ChunkKey key, CancellationToken cancel)
    {
        while (level > 0 && !key.IsZero)
        {
            using IMemoryOwner<byte> pointers = await chunks.GetAsync(ChunkType.File, (byte)level, key, _layout.PointerSizeBytes, cancel);
            level--;
            key = BlobLayout.KeyIn(pointers.Memory.Span, _layout.SlotOf(_layout.IndexAt(level, chunk)));
        }

        return key;
    }

    /// <summary>Brings a chunk into the cache, for the read-ahead.</summary>
    private async Task PrefetchAsync(ulong chunk, CancellationToken cancel)
    {
        BlobNode? node;
        int level;
        ChunkKey key;
        lock (_lock) (node, level, key) = _tree.Locate(chunk);
        if (node is not null) return;
        key = await DescendAsync(chunk, level, key, cancel);
        if (key.IsZero) return;
        if (_chunks is CachingChunkStore cache) await cache.FetchAheadAsync(ChunkType.File, 0, key, (int)_layout.ChunkSizeBytes, cancel);
    }

    private static void CopyOrZero(ReadOnlySpan<byte> content, int within, Span<byte> destination)
    {
        ReadOnlySpan<byte> available = within < content.Length ? content[within..] : [];
        if (available.Length > destination.Length) available = available[..destination.Length];
        available.CopyTo(destination);
        destination[available.Length..].Clear();
    }

    /// <summary>A part of a stored chunk that a read needs.</summary>
    /// <param name="Chunk">Which one.</param>
    /// <param name="Level">Where the way to it begins.</param>
    /// <param name="Key">The chunk there.</param>
    /// <param name="Within">Where the part begins in the chunk.</param>
    /// <param name="Destination">Where it goes.</param>
    /// <param name="Overlay">What counts in its place: a copy of one's own. Null for nothing.</param>
    private readonly record struct StoredPart(ulong Chunk, int Level, ChunkKey Key, int Within, Memory<byte> Destination, ChunkOverlay? Overlay);
}
