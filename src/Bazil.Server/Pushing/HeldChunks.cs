using System.Buffers;
using System.Collections.Concurrent;
using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.FileSystem.Epochs;
using Bazil.Storage.Cas;
using Bazil.Storage.Stores;

namespace Bazil.Server.Pushing;

/// <summary>The chunks of a volume that this machine has itself, under whichever of its sharing keys. Asks no other store. Safe for concurrent use.</summary>
internal sealed class HeldChunks(VolumeKeys keys, IObjectStore local) : IChunkReader
{
    private readonly ConcurrentDictionary<SharingKey, ConvergentChunkStore> _chunks = new(ReferenceEqualityComparer.Instance);

    /// <summary>The keys under which a chunk may lie, the likeliest first.</summary>
    public IReadOnlyList<SharingKey> KeysFor(uint epoch) => keys.KeysFor(epoch);

    public async ValueTask<IMemoryOwner<byte>> GetAsync(ChunkType type, byte level, ChunkKey key, int sizeBytesMax, CancellationToken cancel)
    {
        ChunkNotFoundException? missing = null;
        foreach (SharingKey sharingKey in keys.KeysFor(0))
        {
            try
            {
                return await Under(sharingKey).GetAsync(type, level, key, sizeBytesMax, cancel);
            }
            catch (ChunkNotFoundException e)
            {
                missing = e; // thrown when it lies under no other key either
            }
        }

        throw missing ?? new ChunkNotFoundException(type, level, key);
    }

    /// <inheritdoc cref="ConvergentChunkStore.GetSealedAsync"/>
    public ValueTask<(ObjectId Id, IMemoryOwner<byte> Sealed)?> GetSealedAsync(SharingKey sharingKey, ChunkType type, byte level, ChunkKey key, int sizeBytesMax, CancellationToken cancel) =>
        Under(sharingKey).GetSealedAsync(type, level, key, sizeBytesMax, cancel);

    private ConvergentChunkStore Under(SharingKey key) => _chunks.GetOrAdd(key, sharingKey => new ConvergentChunkStore(sharingKey, local));
}
