using Bazil.Core;
using Bazil.Storage.Stores;

namespace Bazil.Storage.Cas;

/// <content>Checks.</content>
public sealed partial class ConvergentChunkStore : IChunkInspector
{
    public async ValueTask<ChunkInspection> InspectAsync(
        ChunkType type, byte level, ChunkKey key, uint keyEpoch, int sizeBytesMax, bool isRead, CancellationToken cancel)
    {
        if (key.IsZero) return new ChunkInspection(ChunkState.Intact, 0, null);
        ObjectId id = ObjectNaming.IdOf(sharingKey, type, level, key);
        using var opener = new ChunkOpener(sharingKey, type, level, key, sizeBytesMax);
        int objectBytesMax = sizeBytesMax + ObjectLimits.ObjectSizeBytesMax - ObjectLimits.ChunkSizeBytesMax;
        return await stores.InspectAsync(id, new ChunkRehasher(opener), objectBytesMax, isRead, cancel);
    }
}
