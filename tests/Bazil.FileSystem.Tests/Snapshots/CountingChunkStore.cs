using System.Buffers;
using Bazil.Core;
using Bazil.Storage.Cas;

namespace Bazil.FileSystem.Tests.Snapshots;

/// <summary>Counts what goes through to another store, and remembers which chunks were put.</summary>
internal sealed class CountingChunkStore(IChunkStore inner) : IChunkStore
{
    public int Puts { get; private set; }

    public int Gets { get; private set; }

    public int Syncs { get; private set; }

    /// <summary>Puts since the last sync.</summary>
    public int Unsynced { get; private set; }

    /// <summary>Every chunk that was put, with its level and length.</summary>
    public Dictionary<ChunkKey, (ChunkType Type, byte Level, int SizeBytes)> Chunks { get; } = [];

    public async ValueTask<ChunkKey> PutAsync(ChunkType type, byte level, ReadOnlyMemory<byte> buffer, CancellationToken cancel)
    {
        ChunkKey key = await inner.PutAsync(type, level, buffer, cancel);
        Puts++;
        Unsynced++;
        Chunks[key] = (type, level, buffer.Length);
        return key;
    }

    public ValueTask<IMemoryOwner<byte>> GetAsync(ChunkType type, byte level, ChunkKey key, int sizeBytesMax, CancellationToken cancel)
    {
        Gets++;
        return inner.GetAsync(type, level, key, sizeBytesMax, cancel);
    }

    public ValueTask SyncAsync(CancellationToken cancel)
    {
        Syncs++;
        Unsynced = 0;
        return inner.SyncAsync(cancel);
    }
}
