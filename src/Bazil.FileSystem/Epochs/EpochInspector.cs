using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.Storage.Cas;

namespace Bazil.FileSystem.Epochs;

/// <summary>Looks at chunks under each sharing key of a volume that is here: a chunk is lost only when it is so under all of them.</summary>
internal sealed class EpochInspector(VolumeKeys keys) : IChunkInspector
{
    public async ValueTask<ChunkInspection> InspectAsync(
        ChunkType type, byte level, ChunkKey key, uint keyEpoch, int sizeBytesMax, bool isRead, CancellationToken cancel)
    {
        ChunkInspection? worst = null;
        foreach (SharingKey sharingKey in keys.KeysFor(keyEpoch))
        {
            if (keys.ChunksUnder(sharingKey) is not IChunkInspector inspector) continue;
            ChunkInspection found = await inspector.InspectAsync(type, level, key, keyEpoch, sizeBytesMax, isRead, cancel);
            if (found.State is ChunkState.Intact or ChunkState.Healed or ChunkState.Elsewhere) return found;
            if (worst is not { } before || Rank(found.State) > Rank(before.State)) worst = found;
        }

        // Under a key that is not here it may be all right.
        if (keys.FindMissing() is var missing && missing != default) return new ChunkInspection(ChunkState.Unknown, 0, keys.Missing(missing).Message);
        return worst ?? new ChunkInspection(ChunkState.Unknown, 0, "no sharing key of the volume is on this machine");
    }

    /// <summary>A store that could not be asked says more than a damaged copy, and that more than none.</summary>
    private static int Rank(ChunkState state) => state switch
    {
        ChunkState.Unknown => 2,
        ChunkState.Damaged => 1,
        _ => 0,
    };
}
