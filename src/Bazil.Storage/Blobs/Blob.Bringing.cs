using System.Buffers;
using Bazil.Core;
using Bazil.Storage.Cas;

namespace Bazil.Storage.Blobs;

/// <content>
/// Fetches what a change will need of the stored content. Nobody waits for that: no gate is held and nothing is reserved, so reads and other changes go on meanwhile, and what turns out
/// to be changed was fetched in vain. What is here costs lookups only. The change itself fetches what is still missing.
/// </content>
public sealed partial class Blob
{
    /// <summary>Pointer chunks fetched for one change of a range: 64 GiB with the default layout; those beyond it are fetched by the change.</summary>
    private const int PointersBroughtMax = 4096;

    /// <summary>For <see cref="ReadAsync(ulong, Memory{byte}, CancellationToken)"/>; of a range that is a few chunks long.</summary>
    public async ValueTask BringForReadAsync(ulong offset, ulong length, CancellationToken cancel)
    {
        ulong end = Math.Min(SizeBytes, offset + length);
        if (offset >= end) return;
        for (ulong chunk = _layout.ChunkOf(offset); chunk <= _layout.ChunkOf(end - 1); chunk++) await BringAsync(chunk, isContent: true, cancel);
    }

    /// <summary>For <see cref="WriteAsync"/>: of chunks that are written whole only the way to them.</summary>
    public async ValueTask BringForWriteAsync(ulong offset, ulong length, CancellationToken cancel)
    {
        if (length == 0) return;
        ulong sizeBytes = SizeBytes, end = offset + length, first = _layout.ChunkOf(offset), last = _layout.ChunkOf(end - 1);
        bool endsWithin = end < sizeBytes && _layout.WithinChunk(end) > 0;
        int within = _layout.WithinChunk(offset);
        if (!IsTakenBeside(first, within, Math.Min(length, _layout.ChunkSizeBytes - (ulong)within))) await BringAsync(first, within > 0 || (first == last && endsWithin), cancel);
        if (last > first && !IsTakenBeside(last, 0, end - (last * _layout.ChunkSizeBytes))) await BringAsync(last, endsWithin, cancel);
    }

    /// <summary>For <see cref="TruncateAsync"/>: what is cut within needs the rest of it.</summary>
    public ValueTask BringForTruncateAsync(ulong sizeBytes, CancellationToken cancel) =>
        sizeBytes == 0 || sizeBytes >= SizeBytes ? default : BringAsync(_layout.ChunkOf(sizeBytes - 1), _layout.WithinChunk(sizeBytes) > 0, cancel);

    /// <summary>For <see cref="ZeroAsync"/>.</summary>
    public async ValueTask BringForZeroAsync(ulong offset, ulong length, CancellationToken cancel)
    {
        ulong sizeBytes = SizeBytes;
        if (offset >= sizeBytes || length == 0) return;
        ulong end = offset + Math.Min(length, sizeBytes - offset);
        await BringForWriteAsync(offset, end - offset, cancel);
        await BringPointersAsync(offset, end, cancel);
        await BringOverlaidAsync(cancel);
    }

    /// <summary>For <see cref="CloneAsync"/> where it shares chunks: of both contents the way to all that is shared, and what the edges are copied from and into.</summary>
    /// <inheritdoc cref="CloneAsync" path="/param"/>
    public async ValueTask BringForCloneAsync(Manifest manifest, ulong sourceOffset, ulong offset, ulong length, CancellationToken cancel)
    {
        if (length == 0) return;
        await using var source = new Blob(_context, manifest);
        ulong chunkBytes = _layout.ChunkSizeBytes;
        ulong begin = Math.Min(length, (chunkBytes - (ulong)_layout.WithinChunk(offset)) % chunkBytes), end = Math.Min(length - begin, (ulong)_layout.WithinChunk(offset + length));
        await source.BringForReadAsync(sourceOffset, begin, cancel);
        await source.BringForReadAsync(sourceOffset + length - end, end, cancel);
        await source.BringPointersAsync(sourceOffset, sourceOffset + length, cancel);
        await BringForWriteAsync(offset, begin, cancel);
        await BringForWriteAsync(offset + length - end, end, cancel);
        await BringPointersAsync(offset, offset + length, cancel);
        await BringAsync(_layout.ChunkOf(Math.Max(offset, Math.Min(SizeBytes, offset + length))), isContent: false, cancel); // behind the end
        await BringOverlaidAsync(cancel);
    }

    /// <summary>Whether a copy to this content shares chunks of the source instead of reading them.</summary>
    public bool IsSharedWith(in Manifest manifest, ulong sourceOffset, ulong offset) => IsAlike(manifest) && _layout.WithinChunk(sourceOffset) == _layout.WithinChunk(offset);

    /// <summary>What small changes were made to, which such a change folds in.</summary>
    private async ValueTask BringOverlaidAsync(CancellationToken cancel)
    {
        ulong[] overlaid;
        lock (_lock) overlaid = [.. _overlays.Keys];
        foreach (ulong chunk in overlaid) await BringAsync(chunk, isContent: true, cancel);
    }

    /// <summary>Whether a write goes beside small ones that were made to the chunk: then it needs nothing of what is stored, also where that cannot be read.</summary>
    private bool IsTakenBeside(ulong chunk, int within, ulong length)
    {
        if (length > (ulong)ChunkOverlay.WriteBytesMax(_layout.ChunkSizeBytes)) return false;
        lock (_lock) return _overlays.TryGetValue(chunk, out ChunkOverlay? overlay) && overlay.Takes(within, (int)length, _layout.ChunkSizeBytes) && _context.Budget.HasOverlayRoom((int)length + ChunkOverlay.CostBytesMax);
    }

    /// <summary>The pointer chunks above a range.</summary>
    private async ValueTask BringPointersAsync(ulong offset, ulong end, CancellationToken cancel)
    {
        end = Math.Min(end, SizeBytes);
        if (offset >= end) return;
        ulong last = _layout.ChunkOf(end - 1), step = _layout.ChunksBelow(1);
        int count = 0;
        for (ulong chunk = _layout.ChunkOf(offset); chunk <= last && count < PointersBroughtMax; chunk = ((chunk / step) + 1) * step, count++) await BringAsync(chunk, isContent: false, cancel);
        await BringAsync(last, isContent: false, cancel);
    }

    /// <param name="chunk">Which one.</param>
    /// <param name="isContent">The chunk itself, too, not only the pointers above it.</param>
    /// <param name="cancel">Gives up.</param>
    private async ValueTask BringAsync(ulong chunk, bool isContent, CancellationToken cancel)
    {
        IChunkStore chunks;
        BlobNode? node;
        int level;
        ChunkKey key;
        lock (_lock)
        {
            // Behind the end there are pointers, as far as the tree goes: it grows below those that are there.
            if (_isDisposed || _layout.IndexAt(_tree.Depth, chunk) > 0) return;
            isContent &= chunk * _layout.ChunkSizeBytes < _sizeBytes;
            chunks = _chunks;
            (node, level, key) = _tree.Locate(chunk);
        }

        if (node is not null) return;
        key = await DescendAsync(chunks, chunk, level, key, cancel);
        int sizeBytes = (int)_layout.ChunkSizeBytes;
        if (!isContent || key.IsZero || (chunks is CachingChunkStore cache && cache.IsCached(ChunkType.File, 0, key, sizeBytes))) return;
        if (await chunks.HasHereAsync(ChunkType.File, 0, key, cancel)) return;
        using IMemoryOwner<byte> content = await chunks.GetAsync(ChunkType.File, 0, key, sizeBytes, cancel);
    }
}
