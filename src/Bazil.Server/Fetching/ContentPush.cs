using System.Buffers;
using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.Server.Pushing;
using Bazil.Server.Storages;
using Bazil.Server.Volumes;
using Bazil.Storage.Blobs;
using Bazil.Storage.Cas;
using Bazil.Storage.Stores;

namespace Bazil.Server.Fetching;

/// <summary>
/// Copies all content of some files that this machine has to a storage elsewhere, before its turn. May be cancelled at any point and run again: what is there is not sent again. One run; the
/// counters may be read meanwhile.
/// </summary>
internal sealed class ContentPush(OpenVolume volume, RemoteStore store)
{
    private readonly HeldChunks _held = new(volume.Keys, volume.Stores.Local);
    private long _chunks, _sentChunks, _sentBytes, _absentChunks;

    public long Chunks => Interlocked.Read(ref _chunks);

    public long SentChunks => Interlocked.Read(ref _sentChunks);

    public long SentBytes => Interlocked.Read(ref _sentBytes);

    /// <summary>Chunks that are not on this machine, or not whole.</summary>
    public long AbsentChunks => Interlocked.Read(ref _absentChunks);

    /// <exception cref="StoreException">The storage cannot be reached, is full, or is not the one it was.</exception>
    public async Task RunAsync(IEnumerable<Manifest> contents, CancellationToken cancel)
    {
        await store.MeetAsync(cancel);
        await store.RequireLeaseAsync(cancel);
        await ContentWalk.RunAsync(volume, contents, SendAsync, _ => Interlocked.Increment(ref _absentChunks), cancel);
        await store.SyncAsync(cancel);
    }

    private async ValueTask SendAsync(BlobSubtree chunk, CancellationToken cancel)
    {
        Interlocked.Increment(ref _chunks);
        foreach (SharingKey key in _held.KeysFor(chunk.KeyEpoch))
        {
            if (store.Rely(ObjectNaming.IdOf(key, ChunkType.File, chunk.Level, chunk.Key))) return;
            if (await FindAsync(key, chunk, cancel) is not var (id, bytes)) continue;
            using IMemoryOwner<byte> owned = bytes;
            await store.PutAsync(id, owned.Memory, cancel);
            Interlocked.Increment(ref _sentChunks);
            Interlocked.Add(ref _sentBytes, owned.Memory.Length);
            return;
        }

        Interlocked.Increment(ref _absentChunks);
    }

    private async ValueTask<(ObjectId Id, IMemoryOwner<byte> Sealed)?> FindAsync(SharingKey key, BlobSubtree chunk, CancellationToken cancel)
    {
        try
        {
            return await _held.GetSealedAsync(key, ChunkType.File, chunk.Level, chunk.Key, chunk.SizeBytesMax, cancel);
        }
        catch (CorruptObjectException)
        {
            return null; // counted as absent: a damaged copy is none
        }
    }
}
