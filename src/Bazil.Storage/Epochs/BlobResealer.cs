using System.Buffers;
using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.Storage.Blobs;
using Bazil.Storage.Cas;
using Bazil.Storage.Stores;

namespace Bazil.Storage.Epochs;

/// <summary>
/// Seals what the local store has of blobs under a newer sharing key. Chunk keys are hashes of the plaintext and stay; ids and boxes are new.
/// Idempotent: what is sealed already costs one look. Holds one chunk and the pointers above it in memory. For one blob at a time.
/// </summary>
/// <param name="newest">The key to seal under; borrowed.</param>
/// <param name="target">Chunks under that key, where they are put.</param>
/// <param name="local">The local store.</param>
/// <param name="older">The keys under which content may be sealed; borrowed.</param>
/// <param name="pace">Told the bytes of each chunk that was written; returns when more may be.</param>
public sealed class BlobResealer(
    SharingKey newest, IChunkStore target, IObjectStore local, IReadOnlyList<SharingKey> older, Func<int, CancellationToken, ValueTask> pace)
{
    private readonly IChunkStore _sealed = new ConvergentChunkStore(newest, local);
    private readonly IChunkStore[] _older = [.. older.Select(key => new ConvergentChunkStore(key, local))];

    /// <summary>
    /// Returns whether the local store has all of the content under the newest key now, not durable before a sync. What it has only in
    /// part is sealed as far as it goes.
    /// </summary>
    /// <exception cref="StoreException">The local store failed.</exception>
    public ValueTask<bool> RunAsync(Manifest manifest, CancellationToken cancel)
    {
        var layout = new BlobLayout(manifest.ChunkSizeBytes, manifest.Fanout);
        return RunAsync(layout, layout.Depth(manifest.SizeBytes), manifest.Root, cancel);
    }

    private async ValueTask<bool> RunAsync(BlobLayout layout, int level, ChunkKey key, CancellationToken cancel)
    {
        if (key.IsZero) return true;
        cancel.ThrowIfCancellationRequested();
        bool isSealed = await local.TouchAsync(ObjectNaming.IdOf(newest, ChunkType.File, (byte)level, key), cancel);
        if (isSealed && level == 0) return true;
        using IMemoryOwner<byte>? content = await FindAsync(isSealed ? [_sealed, .. _older] : _older, layout, level, key, cancel);
        if (content is null) return false;

        bool isWhole = true;
        for (int slot = 0; level > 0 && slot * BlobLayout.KeySizeBytes < content.Memory.Length; slot++)
        {
            // All of them, also after one that is not here: each that is sealed now need not be fetched later.
            isWhole &= await RunAsync(layout, level - 1, BlobLayout.KeyIn(content.Memory.Span, slot), cancel);
        }

        if (isSealed) return isWhole;
        ChunkKey stored = await target.PutAsync(ChunkType.File, (byte)level, content.Memory, cancel);
        if (stored != key) throw new CorruptObjectException(ObjectNaming.IdOf(newest, ChunkType.File, (byte)level, key), local.Name, "its content is not what its name says");
        await pace(content.Memory.Length, cancel);
        return isWhole;
    }

    private static async ValueTask<IMemoryOwner<byte>?> FindAsync(IChunkStore[] stores, BlobLayout layout, int level, ChunkKey key, CancellationToken cancel)
    {
        foreach (IChunkStore store in stores)
        {
            try
            {
                return await store.GetAsync(ChunkType.File, (byte)level, key, layout.NodeSizeBytes(level), cancel);
            }
            catch (Exception e) when (e is ChunkNotFoundException or CorruptObjectException)
            {
                // Not here, or damaged here: under the next key it may be. A member that has it will seal it.
            }
        }

        return null;
    }
}
