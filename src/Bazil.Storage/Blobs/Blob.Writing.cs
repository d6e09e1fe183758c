using System.Buffers;
using System.Numerics;
using Bazil.Core;
using Bazil.Storage.Cas;
using Bazil.Storage.Stores;

namespace Bazil.Storage.Blobs;

/// <content>Writes and truncation: bring the path to a chunk into memory, then change it there.</content>
public sealed partial class Blob
{
    /// <summary>
    /// Writes the data, which is lent until the task completes, and extends the content if needed. Waits while the dirty
    /// budget is used up. When it throws, a prefix of the data may have been written.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The content would exceed <see cref="BlobLimits.SizeBytesMax"/>.</exception>
    public async ValueTask WriteAsync(ulong offset, ReadOnlyMemory<byte> data, CancellationToken cancel)
    {
        for (int done = 0; done < data.Length;) done += await WriteSomeAsync(offset + (uint)done, data[done..], cancel);
    }

    /// <summary>
    /// The same as write(2) does it: when it cannot go on, answers how much it has written, and who writes the rest hears why it cannot. When it throws,
    /// nothing was written.
    /// </summary>
    /// <inheritdoc cref="WriteAsync" path="/exception"/>
    public async ValueTask<int> WriteSomeAsync(ulong offset, ReadOnlyMemory<byte> data, CancellationToken cancel)
    {
        if (data.IsEmpty) return 0;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, BlobLimits.SizeBytesMax - (ulong)data.Length);
        int done = 0;
        await _gate.EnterExclusiveAsync(cancel);
        try
        {
            CheckBeforeChange();
            while (done < data.Length)
            {
                ulong at = offset + (uint)done;
                int within = _layout.WithinChunk(at);
                int count = Math.Min(data.Length - done, (int)_layout.ChunkSizeBytes - within);
                ReadOnlyMemory<byte> part = data.Slice(done, count);
                if (!await TryOverlayAsync(at, part, cancel))
                {
                    BlobNode node = await PinForWriteAsync(at, within, count, cancel);
                    part.Span.CopyTo(node.Content.Span[within..]);
                    FinishWrite(node, at, within, count);
                }

                done += count;
            }
        }
        catch (Exception e) when (done > 0 && e is StoreException or OperationCanceledException)
        {
            // So much is written. A failure to store what was written before is still to be heard of.
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

        return done;
    }

    /// <summary>Cuts the content, or extends it by zeros that take no space.</summary>
    /// <exception cref="ArgumentOutOfRangeException">More than <see cref="BlobLimits.SizeBytesMax"/>.</exception>
    public async ValueTask TruncateAsync(ulong sizeBytes, CancellationToken cancel)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(sizeBytes, BlobLimits.SizeBytesMax);
        await _gate.EnterExclusiveAsync(cancel);
        try
        {
            CheckBeforeChange();
            if (sizeBytes > _sizeBytes) await ExtendAsync(sizeBytes, cancel);
            else if (sizeBytes < _sizeBytes) await CutAsync(sizeBytes, cancel);
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

    private void CheckBeforeChange()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        lock (_lock)
        {
            if (TakeFailure() is { } failure) throw failure;
        }
    }

    /// <summary>The caller hears of this one now, for it came by way of the budget.</summary>
    private void ForgetFailure(StoreException reported)
    {
        lock (_lock)
        {
            if (_sealFailure == reported) TakeFailure();
        }
    }

    private ValueTask<BlobNode> PinForWriteAsync(ulong offset, int within, int count, CancellationToken cancel)
    {
        ulong chunk = _layout.ChunkOf(offset);
        int capacity = chunk > 0 ? (int)_layout.ChunkSizeBytes : CapacityFor(within + count);
        lock (_lock)
        {
            if (_tree.Find(0, chunk) is { State: not BlobNode.NodeState.Sealing } node && node.Capacity >= capacity)
            {
                node.PinCount++;
                node.IsBeingWritten = true;
                BlobTree.MarkDirty(node);
                return ValueTask.FromResult(node);
            }
        }

        bool isWhole = within == 0 && (count == (int)_layout.ChunkSizeBytes || offset + (uint)count >= _sizeBytes);
        return PinPathAsync(0, chunk, capacity, isWhole, cancel);
    }

    private void FinishWrite(BlobNode node, ulong offset, int within, int count)
    {
        lock (_lock)
        {
            if (within <= node.FilledBytes) node.FilledBytes = Math.Max(node.FilledBytes, within + count);
            BlobTree.MarkDirty(node);
            node.PinCount--;
            node.IsBeingWritten = false;
            MoveHot(node);
            _context.Budget.Touch(this);
            _sizeBytes = Math.Max(_sizeBytes, offset + (uint)count);
            _isDirty = true;
            if (node.FilledBytes == (int)_layout.ChunkSizeBytes) Enqueue(node);
        }
    }

    private void MoveHot(BlobNode node)
    {
        BlobNode? former = _tree.Hot;
        _tree.Hot = node;
        if (former != node) _tree.DropIfIdle(former);
    }

    /// <summary>
    /// Brings a node and all above it into memory and pins it for writing. At level 0 it is marked dirty; otherwise only
    /// loaded. The tree is deepened when the chunk lies beyond it; then nothing can fail before the caller extends the size.
    /// </summary>
    /// <param name="isWhole">All of the chunk's content will be written: what is stored need not be fetched.</param>
    private async ValueTask<BlobNode> PinPathAsync(int targetLevel, ulong chunk, int capacity, bool isWhole, CancellationToken cancel)
    {
        int depth = Math.Max(_tree.Depth, _layout.Depth((chunk + 1) * _layout.ChunkSizeBytes));
        long reservedBytes = ReservationBytes(depth);
        await _context.Budget.ReserveAsync(reservedBytes, cancel);
        BlobNode? node = null;
        bool isDeeper = depth > _tree.Depth;
        lock (_lock)
        {
            if (isDeeper) _pauseCount++; // what is added must still be there when the path reaches it
            reservedBytes -= _tree.Deepen(depth);
        }

        try
        {
            for (int level = depth; level >= targetLevel; level--)
            {
                ulong index = _layout.IndexAt(level, chunk);
                BlobNode? parent = node;
                BlobNode? existing = FindAndPin(level, index, parent, out Task? sealEnd);
                if (existing is not null)
                {
                    node = existing;
                    if (sealEnd is not null) await sealEnd.WaitAsync(cancel);
                    if (level == 0) reservedBytes -= Enlarge(node, capacity);
                }
                else
                {
                    BlobNode loaded = await LoadAsync(level, index, parent, level == 0 ? capacity : _layout.PointerSizeBytes, isWhole && level == 0, cancel);
                    reservedBytes -= loaded.Capacity;
                    AddPinned(loaded, parent);
                    node = loaded;
                }
            }

            BlobNode target = node!;
            if (targetLevel == 0)
            {
                lock (_lock) BlobTree.MarkDirty(target);
            }

            node = null;
            return target;
        }
        finally
        {
            lock (_lock)
            {
                if (isDeeper) _pauseCount--;
                Unpin(node);
            }

            _context.Budget.Release(reservedBytes);
        }
    }

    private BlobNode? FindAndPin(int level, ulong index, BlobNode? parent, out Task? sealEnd)
    {
        lock (_lock)
        {
            sealEnd = null;
            BlobNode? node = _tree.Find(level, index);
            if (node is null) return null;
            node.PinCount++;
            node.IsBeingWritten = true;
            if (node.State == BlobNode.NodeState.Sealing) sealEnd = (node.SealEnd ??= NewSealEnd()).Task;
            Unpin(parent); // its child keeps it now
            return node;
        }
    }

    private async ValueTask<BlobNode> LoadAsync(int level, ulong index, BlobNode? parent, int capacity, bool isWhole, CancellationToken cancel)
    {
        ChunkKey key;
        lock (_lock) key = _tree.KeyOf(parent, index);
        if (key.IsZero || isWhole)
        {
            var fresh = new BlobNode(level, index, capacity);
            if (isWhole) fresh.State = BlobNode.NodeState.Dirty; // what it holds is not what the key names
            return fresh;
        }

        int sizeBytes = _layout.NodeSizeBytes(level);
        using IMemoryOwner<byte> stored = await _chunks.GetAsync(ChunkType.File, (byte)level, key, sizeBytes, cancel);
        ReadOnlyMemory<byte> content = level == 0 ? Clip(stored.Memory, index) : stored.Memory;
        int end = level == 0 ? Math.Max(content.Length, OverlayEnd(index)) : 0;
        var node = new BlobNode(level, index, Math.Max(capacity, level == 0 ? CapacityFor(end) : 0));
        content.CopyTo(node.Content);
        return node;
    }

    /// <summary>Bytes behind the end of the content, which only a faulty peer can have stored, must not appear when it grows.</summary>
    private ReadOnlyMemory<byte> Clip(ReadOnlyMemory<byte> content, ulong chunk)
    {
        ulong start = chunk * _layout.ChunkSizeBytes;
        ulong valid = _sizeBytes > start ? _sizeBytes - start : 0;
        return (ulong)content.Length > valid ? content[..(int)valid] : content;
    }

    private void AddPinned(BlobNode node, BlobNode? parent)
    {
        lock (_lock)
        {
            _tree.Add(node, parent);
            TakeOverlay(node);
            node.PinCount++;
            node.IsBeingWritten = true;
            Unpin(parent); // its child keeps it now
        }
    }

    private int Enlarge(BlobNode node, int capacity)
    {
        lock (_lock)
        {
            int more = capacity - node.Capacity;
            if (more <= 0) return 0;
            node.Grow(capacity);
            return more;
        }
    }

    private void Unpin(BlobNode? node)
    {
        if (node is null) return;
        node.PinCount--;
        node.IsBeingWritten = false;
        _tree.DropIfIdle(node);
    }

    /// <summary>No chunk of the content is sealed: from here on it belongs to the newest epoch. Under the lock.</summary>
    private void BeginEpoch()
    {
        _keyEpoch = _context.Chunks.Current;
        _chunks = _context.Chunks.Of(_keyEpoch);
    }

    private async ValueTask ExtendAsync(ulong sizeBytes, CancellationToken cancel)
    {
        int depth = _layout.Depth(sizeBytes);
        long reservedBytes = (long)(depth - _tree.Depth) * _layout.PointerSizeBytes;
        await _context.Budget.ReserveAsync(reservedBytes, cancel);
        lock (_lock)
        {
            reservedBytes -= _tree.Deepen(depth);
            _context.Budget.Touch(this);
            _sizeBytes = sizeBytes;
            _isDirty = true;
        }

        _context.Budget.Release(reservedBytes);
    }

    private async ValueTask CutAsync(ulong sizeBytes, CancellationToken cancel)
    {
        ulong lastChunk = sizeBytes == 0 ? 0 : _layout.ChunkOf(sizeBytes - 1);
        int within = _layout.WithinChunk(sizeBytes);
        BlobNode? node = null;
        if (sizeBytes > 0) node = await PinPathAsync(within > 0 ? 0 : 1, lastChunk, capacity: 0, isWhole: false, cancel);
        await PauseSealingAsync();
        lock (_lock)
        {
            _pauseCount--;
            DropOverlays(node is null ? null : lastChunk);
            if (node is null)
            {
                _tree.Clear();
                BeginEpoch(); // what comes has nothing to do with what was
            }
            else
            {
                if (node.Level == 0) node.ClearFrom(within);
                _tree.CutBehind(lastChunk, _layout.Depth(sizeBytes));
                if (!node.IsDropped) Unpin(node);
            }

            _context.Budget.Touch(this);
            _sizeBytes = sizeBytes;
            _isDirty = true;
        }
    }

    /// <summary>The bytes to allocate for a data chunk with so much content: little for small files, all of it for the rest.</summary>
    private int CapacityFor(int contentBytes) =>
        (int)Math.Min(_layout.ChunkSizeBytes, BitOperations.RoundUpToPowerOf2((uint)Math.Max(contentBytes, (int)BlobLimits.ChunkSizeBytesMin)));

    /// <summary>Room for a path to a chunk, and beside it for the left edge by which a deepened tree keeps its old root.</summary>
    private long ReservationBytes(int depth) => _layout.PathSizeBytes(depth) + ((long)depth * _layout.PointerSizeBytes);
}
