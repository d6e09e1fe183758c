using Bazil.Core;
using Bazil.Storage.Stores;

namespace Bazil.Storage.Blobs;

/// <content>Copies between contents: chunks that lie alike are shared by their keys, edges are copied as bytes.</content>
public sealed partial class Blob
{
    private const int CopyBufferBytes = 1 << 20;

    /// <summary>
    /// Copies a range of stored content into this one, over what is there, and extends it if needed. Where source and target
    /// lie alike within their chunks, whole subtrees are shared and cost nothing, whatever their size. When it throws,
    /// a prefix may have been copied. Nobody else may change this content meanwhile.
    /// </summary>
    /// <param name="manifest">The source; every chunk of it is stored.</param>
    /// <param name="sourceOffset">Where the range begins.</param>
    /// <param name="offset">Where it goes to.</param>
    /// <param name="length">Its length; the source must have so much.</param>
    /// <param name="cancel">Stops between two parts.</param>
    public async ValueTask CloneAsync(Manifest manifest, ulong sourceOffset, ulong offset, ulong length, CancellationToken cancel)
    {
        if (length == 0) return;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(sourceOffset, manifest.SizeBytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, manifest.SizeBytes - sourceOffset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, BlobLimits.SizeBytesMax - length);
        await using var source = new Blob(_context, manifest);
        if (!IsAlike(manifest) || _layout.WithinChunk(sourceOffset) != _layout.WithinChunk(offset))
        {
            await CopyBytesAsync(source, sourceOffset, offset, length, cancel);
            return;
        }

        ulong chunkBytes = _layout.ChunkSizeBytes, end = offset + length;
        ulong first = (offset + chunkBytes - 1) / chunkBytes;
        bool isToEnd = sourceOffset + length == manifest.SizeBytes && end >= SizeBytes;
        ulong behind = isToEnd ? _layout.ChunkOf(end - 1) + 1 : _layout.ChunkOf(end);
        ulong firstByte = Math.Min(end, first * chunkBytes);
        await CopyBytesAsync(source, sourceOffset, offset, firstByte - offset, cancel);
        if (first < behind) await ShareAsync(source, _layout.ChunkOf(sourceOffset + (firstByte - offset)), first, behind, Math.Min(end, behind * chunkBytes), isToEnd, cancel);
        ulong lastByte = Math.Max(firstByte, Math.Min(end, behind * chunkBytes));
        await CopyBytesAsync(source, sourceOffset + (lastByte - offset), lastByte, end - lastByte, cancel);
    }

    private bool IsAlike(in Manifest manifest) => _layout == new BlobLayout(manifest.ChunkSizeBytes, manifest.Fanout) && _keyEpoch == manifest.KeyEpoch;

    private async ValueTask CopyBytesAsync(Blob source, ulong sourceOffset, ulong offset, ulong length, CancellationToken cancel)
    {
        if (length == 0) return;
        byte[] buffer = new byte[(int)Math.Min(length, CopyBufferBytes)];
        while (length > 0)
        {
            int count = await source.ReadAsync(sourceOffset, buffer.AsMemory(0, (int)Math.Min(length, (ulong)buffer.Length)), cancel);
            Invariant.Check(count > 0);
            await WriteAsync(offset, buffer.AsMemory(0, count), cancel);
            sourceOffset += (uint)count;
            offset += (uint)count;
            length -= (uint)count;
        }
    }

    /// <summary>Makes whole chunks those of the source.</summary>
    private async ValueTask ShareAsync(Blob source, ulong sourceChunk, ulong first, ulong behind, ulong endBytes, bool isToEnd, CancellationToken cancel)
    {
        await _gate.EnterExclusiveAsync(cancel);
        try
        {
            CheckBeforeChange();
            Invariant.Check(!isToEnd || endBytes >= _sizeBytes);
            await FoldOverlaysAsync(cancel);
            if (sourceChunk == first && first == 0 && isToEnd)
            {
                await ReplaceTreeAsync(source._tree.RootKey, _layout.Depth(endBytes));
                lock (_lock) _sizeBytes = endBytes;
                return;
            }

            if (_layout.Depth(Math.Max(endBytes, _sizeBytes)) == 0)
            {
                // One chunk is all there will be: it has no parent to stand in.
                await ReplaceTreeAsync((await source.KeysAsync(0, sourceChunk, 1, cancel))[0], 0);
                lock (_lock) _sizeBytes = Math.Max(endBytes, _sizeBytes);
                return;
            }

            if (endBytes > _sizeBytes) await ExtendAsync(endBytes, cancel);
            await ShareRunsAsync(source, sourceChunk, first, behind, isToEnd, cancel);
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

    private async ValueTask ShareRunsAsync(Blob source, ulong sourceChunk, ulong first, ulong behind, bool isToEnd, CancellationToken cancel)
    {
        // Behind the last chunk both have nothing, so what reaches the end may end anywhere.
        ulong all = isToEnd ? behind : ulong.MaxValue, allHere = _layout.ChunkOf(_sizeBytes - 1) + 1;
        while (first < behind)
        {
            ulong left = behind - first, sourceBehind = sourceChunk + left;
            int level = Math.Min(
                _layout.LevelOfRun(first, behind, Math.Min(all, allHere)),
                _layout.LevelOfRun(sourceChunk, sourceBehind, isToEnd ? sourceBehind : ulong.MaxValue));
            ulong width = _layout.ChunksBelow(level);
            ulong slots = isToEnd ? (left + width - 1) / width : left / width;
            int count = (int)Math.Min((ulong)(_layout.Fanout - _layout.SlotOf(_layout.IndexAt(level, first))), slots);
            ChunkKey[] keys = await source.KeysAsync(level, _layout.IndexAt(level, sourceChunk), count, cancel);
            await SetSubtreesAsync(level, first, keys, cancel);
            first += (ulong)count * width;
            sourceChunk += (ulong)count * width;
        }
    }

    /// <summary>The keys of consecutive nodes of one level, of a blob that is stored and not changed; zero beyond its end.</summary>
    private async ValueTask<ChunkKey[]> KeysAsync(int level, ulong index, int count, CancellationToken cancel)
    {
        var keys = new ChunkKey[count];
        if (level == _tree.Depth)
        {
            if (index == 0) keys[0] = _tree.RootKey;
            return keys;
        }

        for (int done = 0; done < count;)
        {
            ulong parent = (index + (uint)done) / _layout.Fanout;
            byte[] pointers = await PointersOfAsync(level + 1, parent, cancel);
            for (int slot = _layout.SlotOf(index + (uint)done); slot < _layout.Fanout && done < count; slot++) keys[done++] = BlobLayout.KeyIn(pointers, slot);
        }

        return keys;
    }

    private async ValueTask<byte[]> PointersOfAsync(int level, ulong index, CancellationToken cancel)
    {
        ChunkKey key = _layout.IndexAt(_tree.Depth - level, index) == 0 ? _tree.RootKey : default;
        for (int at = _tree.Depth; !key.IsZero; at--)
        {
            byte[] pointers = await GetPointersAsync(_chunks, at, key, cancel);
            if (at == level) return pointers;
            key = BlobLayout.KeyIn(pointers, _layout.SlotOf(_layout.IndexAt(at - 1 - level, index)));
        }

        return [];
    }
}
