using System.Buffers;
using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.Storage.Buffers;
using Bazil.Storage.Stores;

namespace Bazil.Storage.Cas;

/// <summary>
/// Chunks over object stores that see only ids and boxes. Equal plaintexts under one sharing key are one object, which is sealed once:
/// a chunk that the local store has costs a hash and a lookup.
/// What the local store returns is trusted as far as its box goes (only this node wrote it, or verified it);
/// what any other store returns is hashed again before it is used or kept.
/// <para>Owns neither the key nor the stores. Safe for concurrent use.</para>
/// </summary>
public sealed partial class ConvergentChunkStore(SharingKey sharingKey, MultiObjectStore stores) : IChunkStore
{
    /// <summary>Over a single store that only this node writes to.</summary>
    public ConvergentChunkStore(SharingKey sharingKey, IObjectStore store)
        : this(sharingKey, new MultiObjectStore(store))
    {
    }

    /// <summary>How chunks are written from now on. May be changed at any time.</summary>
    public ChunkCompression Compression { get; set; }

    public async ValueTask<ChunkKey> PutAsync(ChunkType type, byte level, ReadOnlyMemory<byte> buffer, CancellationToken cancel)
    {
        ReadOnlyMemory<byte> trimmed = buffer[..ChunkHash.Trim(buffer.Span).Length];
        if (trimmed.Length > ObjectLimits.ChunkSizeBytesMax) throw new ArgumentException($"a chunk has at most {ObjectLimits.ChunkSizeBytesMax} bytes, not {trimmed.Length}");
        ChunkKey key = ChunkHash.KeyOf(type, level, trimmed.Span);
        if (key.IsZero) return key;

        ObjectId id = ObjectNaming.IdOf(sharingKey, type, level, key);
        if (await stores.TouchAsync(id, cancel)) return key; // deduplicated: nothing is sealed and nothing written

        ChunkCompression compression = Compression;
        using IMemoryOwner<byte> work = BufferPool.Shared.Rent(SealedObject.WorkSizeOf(trimmed.Span, compression));
        int sizeBytes = SealedObject.Seal(sharingKey, compression, type, level, key, trimmed.Span, work.Memory.Span);
        await stores.PutAsync(id, work.Memory[..sizeBytes], cancel);
        return key;
    }

    public async ValueTask<IMemoryOwner<byte>> GetAsync(ChunkType type, byte level, ChunkKey key, int sizeBytesMax, CancellationToken cancel)
    {
        if (key.IsZero) return EmptyBuffer.Instance;
        ObjectId id = ObjectNaming.IdOf(sharingKey, type, level, key);
        using var opener = new ChunkOpener(sharingKey, type, level, key, sizeBytesMax);
        using IMemoryOwner<byte>? sealedObject = await stores.GetVerifiedAsync(id, opener, cancel);
        if (sealedObject is null) throw new ChunkNotFoundException(type, level, key);
        return opener.TakePlaintext();
    }

    /// <summary>A chunk as it is stored, opened and found right on the way; null when no store has it. For whoever passes it on. The caller disposes it.</summary>
    public async ValueTask<(ObjectId Id, IMemoryOwner<byte> Sealed)?> GetSealedAsync(ChunkType type, byte level, ChunkKey key, int sizeBytesMax, CancellationToken cancel)
    {
        ObjectId id = ObjectNaming.IdOf(sharingKey, type, level, key);
        using var opener = new ChunkOpener(sharingKey, type, level, key, sizeBytesMax);
        return await stores.GetVerifiedAsync(id, opener, cancel) is { } found ? (id, found) : null;
    }

    public ValueTask<bool> HasHereAsync(ChunkType type, byte level, ChunkKey key, CancellationToken cancel) =>
        key.IsZero ? new(true) : stores.Local.HasAsync(ObjectNaming.IdOf(sharingKey, type, level, key), cancel);

    public ValueTask SyncAsync(CancellationToken cancel) => stores.SyncAsync(cancel);
}
