using System.Buffers;
using Bazil.Core;
using Bazil.Storage.Cas;
using Bazil.Storage.Stores;

namespace Bazil.Storage.Blobs;

/// <content>Holes: found by the zero keys of the tree, made by dropping whole subtrees.</content>
public sealed partial class Blob
{
    /// <summary>
    /// Finds the next data or the next hole at or behind an offset; the end of the content counts as a hole. Null at or
    /// behind the end, and when only a hole follows. Holes are as coarse as chunks; what holds only zeros is one. Holds up no change: each chunk counts
    /// as it is at some moment of the search.
    /// </summary>
    public async ValueTask<ulong?> SeekAsync(ulong offset, bool isData, CancellationToken cancel)
    {
        ulong sizeBytes = SizeBytes;
        if (offset >= sizeBytes) return null;
        var search = new Search(_layout.ChunkOf(offset), _layout.ChunkOf(sizeBytes - 1), isData);
        if (await FindAsync(search, cancel) is { } found) return Math.Max(offset, found * _layout.ChunkSizeBytes);
        return isData ? null : sizeBytes;
    }

    /// <summary>Makes a range read as zeros, and whole chunks of it take no space. The size stays.</summary>
    public async ValueTask ZeroAsync(ulong offset, ulong length, CancellationToken cancel)
    {
        await _gate.EnterExclusiveAsync(cancel);
        try
        {
            CheckBeforeChange();
            if (offset >= _sizeBytes || length == 0) return;
            await FoldOverlaysAsync(cancel);
            ulong end = offset + Math.Min(length, _sizeBytes - offset);
            ulong first = (offset + _layout.ChunkSizeBytes - 1) / _layout.ChunkSizeBytes;
            ulong behind = end == _sizeBytes ? _layout.ChunkOf(end - 1) + 1 : _layout.ChunkOf(end);
            ulong firstByte = Math.Min(end, first * _layout.ChunkSizeBytes);
            await ZeroPartAsync(offset, firstByte, cancel);
            if (firstByte < end) await ZeroPartAsync(Math.Max(firstByte, behind * _layout.ChunkSizeBytes), end, cancel);
            if (first < behind) await ZeroChunksAsync(first, behind, cancel);
        }
        catch (StoreException exception)
        {
            ForgetFailure(exception);
            throw;
        }
        finally
        {
            _gate.ExitExclusive();
            _context.Budget.Relieve();
        }
    }

    /// <summary>
    /// The bytes of all chunks that are not holes; null when more than <paramref name="pointersMax"/> pointer chunks would
    /// have to be looked at. Of stored content without changes.
    /// </summary>
    /// <exception cref="StoreException">One of them is not here, or cannot be read: it is not waited for.</exception>
    public async ValueTask<ulong?> MeasureAsync(int pointersMax, CancellationToken cancel)
    {
        await _gate.EnterSharedAsync(cancel);
        try
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            ChunkKey root;
            int depth;
            lock (_lock) (root, depth) = (_tree.RootKey, _tree.Depth);
            if (depth == 0) return root.IsZero ? 0 : _sizeBytes;
            var level = new List<ChunkKey>();
            if (!root.IsZero) level.Add(root);
            for (; depth > 1; depth--) level = pointersMax < 0 ? [] : await ChildrenAsync(level);
            ulong chunks = 0;
            foreach (ChunkKey key in level)
            {
                if (--pointersMax < 0) return null;
                byte[] pointers = await GetPointersHereAsync(1, key, cancel);
                for (int slot = 0; slot < _layout.Fanout; slot++) chunks += BlobLayout.KeyIn(pointers, slot).IsZero ? 0u : 1;
            }

            return pointersMax < 0 ? null : Math.Min(chunks * _layout.ChunkSizeBytes, _sizeBytes);

            async ValueTask<List<ChunkKey>> ChildrenAsync(List<ChunkKey> parents)
            {
                var children = new List<ChunkKey>();
                foreach (ChunkKey key in parents)
                {
                    if (--pointersMax < 0) return children;
                    byte[] pointers = await GetPointersHereAsync(depth, key, cancel);
                    for (int slot = 0; slot < _layout.Fanout; slot++)
                    {
                        if (BlobLayout.KeyIn(pointers, slot) is { IsZero: false } child) children.Add(child);
                    }
                }

                return children;
            }
        }
        finally
        {
            _gate.ExitShared();
        }
    }

    /// <summary>
    /// The first chunk of the search; null when there is none. A stored subtree never changes, while nodes in memory may be stored
    /// and dropped at any time: so of them only what one look under the lock says counts. A writer fills its chunk outside the lock: as long as it does,
    /// the chunk counts as data, for there may have been some before and be some after.
    /// </summary>
    private async ValueTask<ulong?> FindAsync(Search search, CancellationToken cancel)
    {
        for (ulong chunk = search.First; chunk <= search.Last;)
        {
            bool isInMemory, isData;
            int level;
            ChunkKey key;
            IChunkStore chunks;
            lock (_lock)
            {
                ObjectDisposedException.ThrowIf(_isDisposed, this);
                if (chunk * _layout.ChunkSizeBytes >= _sizeBytes) return null; // it was cut meanwhile
                chunks = _chunks;
                (BlobNode? node, level, key) = _tree.Locate(chunk);
                isInMemory = node is not null;
                isData = node is null ? !key.IsZero : node.IsBeingWritten || node.Content.Span.ContainsAnyExcept((byte)0);
            }

            ulong index = _layout.IndexAt(level, chunk);
            if (isInMemory || !isData)
            {
                if (isData == search.IsData) return chunk;
            }
            else if (await FindStoredAsync(chunks, level, index, key, search with { First = chunk }, cancel) is { } found)
            {
                return found;
            }

            chunk = (index + 1) * _layout.ChunksBelow(level);
        }

        return null;
    }

    /// <summary>The first chunk of the search at or below a stored node; null when there is none.</summary>
    private async ValueTask<ulong?> FindStoredAsync(IChunkStore chunks, int level, ulong index, ChunkKey key, Search search, CancellationToken cancel)
    {
        ulong start = Math.Max(search.First, index * _layout.ChunksBelow(level));
        if (level == 0 || key.IsZero) return !key.IsZero == search.IsData ? start : null;
        byte[] pointers = await GetPointersAsync(chunks, level, key, cancel);
        ulong child = _layout.IndexAt(level - 1, start), childLast = Math.Min((index * _layout.Fanout) + _layout.Fanout - 1, _layout.IndexAt(level - 1, search.Last));
        for (; child <= childLast; child++)
        {
            ulong? found = await FindStoredAsync(chunks, level - 1, child, BlobLayout.KeyIn(pointers, _layout.SlotOf(child)), search, cancel);
            if (found is not null) return found;
        }

        return null;
    }

    private async ValueTask<byte[]> GetPointersHereAsync(int level, ChunkKey key, CancellationToken cancel)
    {
        bool isCached = _chunks is CachingChunkStore cache && cache.IsCached(ChunkType.File, (byte)level, key, _layout.PointerSizeBytes);
        if (!isCached && !await _chunks.HasHereAsync(ChunkType.File, (byte)level, key, cancel)) throw new StoreException($"pointer chunk {key} is not here") { IsUnreachable = true };
        return await GetPointersAsync(_chunks, level, key, cancel);
    }

    private async ValueTask<byte[]> GetPointersAsync(IChunkStore chunks, int level, ChunkKey key, CancellationToken cancel)
    {
        using IMemoryOwner<byte> stored = await chunks.GetAsync(ChunkType.File, (byte)level, key, _layout.PointerSizeBytes, cancel);
        return stored.Memory.ToArray();
    }

    /// <summary>Zeroes part of one chunk; a hole stays one.</summary>
    private async ValueTask ZeroPartAsync(ulong offset, ulong end, CancellationToken cancel)
    {
        if (offset >= end || await IsHoleAsync(_layout.ChunkOf(offset), cancel)) return;
        int within = _layout.WithinChunk(offset), count = (int)(end - offset);
        BlobNode node = await PinForWriteAsync(offset, within, count, cancel);
        node.Content.Span.Slice(within, count).Clear();
        FinishWrite(node, offset, within, count);
    }

    private async ValueTask<bool> IsHoleAsync(ulong chunk, CancellationToken cancel)
    {
        BlobNode? node;
        int level;
        ChunkKey key;
        lock (_lock) (node, level, key) = _tree.Locate(chunk);
        return node is null && (await DescendAsync(chunk, level, key, cancel)).IsZero;
    }

    /// <summary>Drops whole chunks, in as few and as large subtrees as they form. One path is in memory at a time.</summary>
    private async ValueTask ZeroChunksAsync(ulong first, ulong behind, CancellationToken cancel)
    {
        ulong all = _layout.ChunkOf(_sizeBytes - 1) + 1;
        if (first == 0 && behind == all)
        {
            await ReplaceTreeAsync(default, _layout.Depth(_sizeBytes));
            return;
        }

        var zeros = new ChunkKey[_layout.Fanout];
        while (first < behind)
        {
            int level = _layout.LevelOfRun(first, behind, all);
            ulong width = _layout.ChunksBelow(level), index = _layout.IndexAt(level, first);
            int slot = _layout.SlotOf(index);
            int count = (int)Math.Min(_layout.Fanout - (ulong)slot, (behind - first + width - 1) / width);
            if (behind < all) count = (int)Math.Min((ulong)count, (behind - first) / width);
            await SetSubtreesAsync(level, first, zeros.AsMemory(0, count), cancel);
            first += (ulong)count * width;
        }
    }

    /// <summary>Puts stored subtrees of one level in place, from that of a chunk on, all below one parent.</summary>
    private async ValueTask SetSubtreesAsync(int level, ulong chunk, ReadOnlyMemory<ChunkKey> keys, CancellationToken cancel)
    {
        BlobNode parent = await PinPathAsync(level + 1, chunk, capacity: 0, isWhole: false, cancel);
        await PauseSealingAsync();
        lock (_lock)
        {
            _pauseCount--;
            _tree.SetChildren(parent, _layout.SlotOf(_layout.IndexAt(level, chunk)), keys.Span);
            Unpin(parent);
            NoteChange();
        }
    }

    private async ValueTask ReplaceTreeAsync(ChunkKey root, int depth)
    {
        await PauseSealingAsync();
        lock (_lock)
        {
            _pauseCount--;
            _tree.Replace(root, depth);
            NoteChange();
        }
    }

    private void NoteChange()
    {
        _context.Budget.Touch(this);
        _isDirty = true;
    }

    /// <summary>What is looked for: data or holes in chunks from <paramref name="First"/> to <paramref name="Last"/>.</summary>
    private readonly record struct Search(ulong First, ulong Last, bool IsData);
}
