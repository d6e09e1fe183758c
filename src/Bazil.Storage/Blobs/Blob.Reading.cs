using System.Buffers;
using Bazil.Core;
using Bazil.Storage.Cas;

namespace Bazil.Storage.Blobs;

/// <content>Reads: from nodes in memory where there are any, else down the stored tree.</content>
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
        await _gate.EnterSharedAsync(cancel);
        try
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            ulong sizeBytes = _sizeBytes; // changes only under the exclusive gate
            if (offset >= sizeBytes || buffer.IsEmpty) return 0;
            int count = (int)Math.Min((ulong)buffer.Length, sizeBytes - offset);
            _ahead?.Of(reader).Advise(offset, count, sizeBytes, _layout);

            int within = _layout.WithinChunk(offset);
            ulong chunk = _layout.ChunkOf(offset);
            if (within + count <= (int)_layout.ChunkSizeBytes) await ReadChunkAsync(chunk, within, buffer[..count], offload: false, cancel);
            else await ReadChunksAsync(chunk, within, buffer[..count], cancel);
            return count;
        }
        finally
        {
            _gate.ExitShared();
        }
    }

    /// <summary>A reader will not read any more: what is fetched ahead for it is given up.</summary>
    public void Leave(object reader) => _ahead?.Leave(reader);

    private async ValueTask ReadChunksAsync(ulong chunk, int within, Memory<byte> buffer, CancellationToken cancel)
    {
        var pending = new List<Task>();
        bool isWorthTasks = _layout.ChunkSizeBytes >= BlobLimits.TaskBytes || buffer.Length > BlobLimits.TaskBytes;
        try
        {
            while (!buffer.IsEmpty)
            {
                int count = Math.Min(buffer.Length, (int)_layout.ChunkSizeBytes - within);
                bool isLast = count == buffer.Length;
                ValueTask read = ReadChunkAsync(chunk, within, buffer[..count], offload: !isLast && isWorthTasks, cancel);
                if (read.IsCompleted) await read;
                else pending.Add(read.AsTask());

                if (pending.Count == BlobLimits.ReadConcurrencyMax)
                {
                    await Task.WhenAll(pending);
                    pending.Clear();
                }

                chunk++;
                within = 0;
                buffer = buffer[count..];
            }
        }
        finally
        {
            await Task.WhenAll(pending); // also after a failure: the buffer is only lent
        }
    }

    /// <param name="offload">Fetch on another thread, since the caller has more to do.</param>
    private ValueTask ReadChunkAsync(ulong chunk, int within, Memory<byte> destination, bool offload, CancellationToken cancel)
    {
        BlobNode? node;
        ChunkOverlay? overlay;
        int level;
        ChunkKey key;
        lock (_lock)
        {
            (node, level, key) = _tree.Locate(chunk);
            overlay = node is null ? _overlays.GetValueOrDefault(chunk) : null;
            if (node is not null) node.PinCount++;
            overlay?.Pin();
        }

        if (overlay is not null) return ReadOverlaidAsync(overlay, chunk, level, key, within, destination, offload, cancel);
        if (node is null) return FetchChunkAsync(chunk, level, key, within, destination, offload, cancel);
        CopyOrZero(node.Content.Span, within, destination.Span);
        lock (_lock)
        {
            node.PinCount--;
            _tree.DropIfIdle(node);
        }

        return ValueTask.CompletedTask;
    }

    private async ValueTask FetchChunkAsync(
        ulong chunk, int level, ChunkKey key, int within, Memory<byte> destination, bool offload, CancellationToken cancel)
    {
        key = await DescendAsync(chunk, level, key, cancel);
        if (key.IsZero)
        {
            destination.Span.Clear();
            return;
        }

        int sizeBytes = (int)_layout.ChunkSizeBytes;
        bool isAway = offload && !(_chunks is CachingChunkStore cache && cache.IsCached(ChunkType.File, 0, key, sizeBytes));
        using IMemoryOwner<byte> content = isAway
            ? await _context.Budget.Scheduler.RunAsync(() => _chunks.GetAsync(ChunkType.File, 0, key, sizeBytes, cancel).AsTask())
            : await _chunks.GetAsync(ChunkType.File, 0, key, sizeBytes, cancel);
        CopyOrZero(content.Memory.Span, within, destination.Span);
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
}
