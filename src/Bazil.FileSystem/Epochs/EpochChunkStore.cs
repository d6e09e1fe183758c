using System.Buffers;
using Bazil.Core;
using Bazil.Storage.Cas;
using Bazil.Storage.Stores;

namespace Bazil.FileSystem.Epochs;

/// <summary>The chunks of records with one epoch number; 0 for all chunks of the volume.</summary>
internal sealed class EpochChunkStore(VolumeKeys keys, uint epoch) : IChunkStore
{
    private volatile VolumeKeys.ReadPlan? _plan;

    public ValueTask<ChunkKey> PutAsync(ChunkType type, byte level, ReadOnlyMemory<byte> buffer, CancellationToken cancel) =>
        keys.Writing().PutAsync(type, level, buffer, cancel);

    public ValueTask<IMemoryOwner<byte>> GetAsync(ChunkType type, byte level, ChunkKey key, int sizeBytesMax, CancellationToken cancel)
    {
        VolumeKeys.ReadPlan plan = _plan = keys.PlanFor(epoch, _plan);
        return plan.IsSimple
            ? plan.Stores[0].GetAsync(type, level, key, sizeBytesMax, cancel)
            : FindAsync(plan, type, level, key, sizeBytesMax, cancel);
    }

    public async ValueTask<bool> HasHereAsync(ChunkType type, byte level, ChunkKey key, CancellationToken cancel)
    {
        VolumeKeys.ReadPlan plan = _plan = keys.PlanFor(epoch, _plan);
        foreach (IChunkStore store in plan.Stores)
        {
            if (await store.HasHereAsync(type, level, key, cancel)) return true;
        }

        return false;
    }

    public ValueTask SyncAsync(CancellationToken cancel)
    {
        // All keys lie over the same stores: one sync is enough. Without a key nothing was written.
        VolumeKeys.ReadPlan plan = _plan = keys.PlanFor(epoch, _plan);
        return plan.Stores.Count > 0 ? plan.Stores[0].SyncAsync(cancel) : ValueTask.CompletedTask;
    }

    private async ValueTask<IMemoryOwner<byte>> FindAsync(
        VolumeKeys.ReadPlan plan, ChunkType type, byte level, ChunkKey key, int sizeBytesMax, CancellationToken cancel)
    {
        StoreException? failure = null;
        foreach (IChunkStore store in plan.Stores)
        {
            try
            {
                return await store.GetAsync(type, level, key, sizeBytesMax, cancel);
            }
            catch (ChunkNotFoundException)
            {
                // Not under this key; under another it may be.
            }
            catch (StoreException e)
            {
                failure ??= e; // rethrown when no key helps
            }
        }

        if (plan.Missing != default) throw keys.Missing(plan.Missing);
        if (!plan.IsKnown) throw keys.Unknown(epoch);
        throw failure ?? new ChunkNotFoundException(type, level, key);
    }
}
