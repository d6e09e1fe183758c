using System.Buffers;
using Bazil.Core;
using Bazil.Core.Memory;
using Bazil.Storage.Cas;

namespace Bazil.FileSystem.Snapshots;

/// <summary>
/// Reads snapshots, of any volume, by their keys. Keeps the directory nodes used last, so one reader serves all snapshots
/// of a volume. Safe for concurrent use.
/// </summary>
/// <param name="chunks">Where the snapshots are.</param>
public sealed class SnapshotReader(IChunkStore chunks)
{
    private readonly DirectoryNodeCache _cache = new(SnapshotLimits.CacheBytes);

    /// <summary>The directory nodes kept.</summary>
    public MemoryUse MemoryUse => new("snapshot directories", _cache.UsedBytes, _cache.CapacityBytes);

    /// <summary>Opens a snapshot: reads one chunk.</summary>
    /// <exception cref="ChunkNotFoundException">No store has its root.</exception>
    /// <exception cref="Storage.Stores.CorruptObjectException">Its root is damaged in all stores.</exception>
    /// <exception cref="WireFormatException">The key names no snapshot, or one of a newer format.</exception>
    public async ValueTask<Snapshot> OpenAsync(SnapshotKey key, CancellationToken cancel)
    {
        using IMemoryOwner<byte> chunk = await chunks.GetAsync(ChunkType.Snapshot, 0, key.Value, SnapshotLimits.RootBytesMax, cancel);
        SnapshotRoot root = SnapshotRootCodec.Read(chunk.Memory.Span, $"snapshot {key}");
        var nodes = new DirectoryNodeReader(chunks, _cache, key);
        return new Snapshot(key, root, new SnapshotDirectory(nodes, root.Directory));
    }
}
