using Bazil.Core;
using Bazil.Storage.Cas;

namespace Bazil.Storage.Blobs;

/// <content>
/// Small writes to stored chunks are kept beside the tree, so that none of them has to fetch and open a whole chunk. A save brings the chunks into
/// memory after all, once for all writes to them.
/// <para>Invariants: a chunk with an overlay is stored, no hole, not in memory, and wholly within the content: of the last one, what is stored behind the end does not count.</para>
/// </content>
public sealed partial class Blob
{
    private readonly Dictionary<ulong, ChunkOverlay> _overlays = [];

    /// <summary>Makes a small write to a chunk that is stored here and not in memory. Returns false when it is to be made in memory. Under the exclusive gate.</summary>
    private async ValueTask<bool> TryOverlayAsync(ulong offset, ReadOnlyMemory<byte> data, CancellationToken cancel)
    {
        ulong chunk = _layout.ChunkOf(offset);
        if (data.Length > ChunkOverlay.WriteBytesMax(_layout.ChunkSizeBytes) || (chunk + 1) * _layout.ChunkSizeBytes > _sizeBytes) return false;
        bool isNew;
        int level;
        ChunkKey key;
        lock (_lock)
        {
            isNew = !_overlays.ContainsKey(chunk);
            (BlobNode? node, level, key) = _tree.Locate(chunk);
            if (node is not null) return false;
        }

        if (isNew)
        {
            // Who writes to what is not here hears at once when it cannot be fetched.
            key = await DescendAsync(chunk, level, key, cancel);
            if (key.IsZero || !await _chunks.HasHereAsync(ChunkType.File, 0, key, cancel)) return false;
        }

        lock (_lock)
        {
            if (!isNew && !_overlays.ContainsKey(chunk)) return false;
            ChunkOverlay overlay = isNew ? new ChunkOverlay() : _overlays[chunk];
            int before = overlay.ChargedBytes, chargedMax = data.Length + ChunkOverlay.CostBytesMax;
            if (!_context.Budget.TryTakeOverlay(chargedMax)) return false;
            bool isWritten = overlay.TryWrite(_layout.WithinChunk(offset), data.Span, _layout.ChunkSizeBytes);
            _context.Budget.ReturnOverlay(chargedMax - (overlay.ChargedBytes - before)); // what it covered before is not taken twice
            if (!isWritten) return false;
            if (isNew) _overlays.Add(chunk, overlay);
            _isDirty = true;
            return true;
        }
    }

    /// <summary>Brings all chunks with overlays into memory, and has them stored. By one thread, while nobody else changes the content.</summary>
    private async ValueTask FoldOverlaysAsync(CancellationToken cancel)
    {
        ulong[] chunks;
        lock (_lock) chunks = [.. _overlays.Keys.Order()];
        foreach (ulong chunk in chunks)
        {
            BlobNode node = await PinPathAsync(0, chunk, chunk > 0 ? (int)_layout.ChunkSizeBytes : 0, isWhole: false, cancel);
            lock (_lock)
            {
                _context.Budget.Touch(this);
                node.PinCount--;
                node.IsBeingWritten = false;
                Enqueue(node);
            }
        }
    }

    /// <summary>Where the overlay of a chunk ends within it; 0 when it has none.</summary>
    private int OverlayEnd(ulong chunk)
    {
        lock (_lock) return _overlays.TryGetValue(chunk, out ChunkOverlay? overlay) ? overlay.End : 0;
    }

    /// <summary>A chunk is in memory now: its overlay goes into it. Under the lock.</summary>
    private void TakeOverlay(BlobNode node)
    {
        if (node.Level > 0 || !_overlays.TryGetValue(node.Index, out ChunkOverlay? overlay)) return;
        overlay.CopyTo(0, node.Content.Span);
        BlobTree.MarkDirty(node);
        DropOverlay(node.Index, overlay);
    }

    /// <summary>Forgets what is behind a chunk; with null, everything. Under the lock.</summary>
    private void DropOverlays(ulong? lastChunk)
    {
        foreach ((ulong chunk, ChunkOverlay overlay) in _overlays)
        {
            if (lastChunk is not { } last || chunk > last) DropOverlay(chunk, overlay);
        }
    }

    private void DropOverlay(ulong chunk, ChunkOverlay overlay)
    {
        _overlays.Remove(chunk);
        _context.Budget.ReturnOverlay(overlay.ChargedBytes);
        overlay.Wipe();
    }
}
