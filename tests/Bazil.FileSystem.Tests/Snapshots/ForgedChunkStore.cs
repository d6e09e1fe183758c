using System.Buffers;
using Bazil.Core;
using Bazil.Storage.Cas;

namespace Bazil.FileSystem.Tests.Snapshots;

/// <summary>
/// A store that hands out whatever it was told to, under any key and unverified: what lies behind the parsers' own
/// checks.
/// </summary>
internal sealed class ForgedChunkStore : IChunkStore
{
    private readonly Dictionary<ChunkKey, byte[]> _chunks = [];

    public void Set(ChunkKey key, byte[] bytes) => _chunks[key] = bytes;

    /// <summary>Changes, cuts or swaps a few chunks.</summary>
    public void Damage(Random random)
    {
        ChunkKey[] keys = [.. _chunks.Keys.Order()];
        for (int count = random.Next(1, 4); count > 0; count--)
        {
            ChunkKey key = keys[random.Next(keys.Length)];
            byte[] bytes = [.. _chunks[key]];
            switch (random.Next(4))
            {
                case 0:
                    _chunks[key] = bytes[..random.Next(bytes.Length)];
                    break;
                case 1:
                    _chunks[key] = _chunks[keys[random.Next(keys.Length)]];
                    break;
                default:
                    if (bytes.Length > 0) bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
                    _chunks[key] = bytes;
                    break;
            }
        }
    }

    public ValueTask<ChunkKey> PutAsync(ChunkType type, byte level, ReadOnlyMemory<byte> buffer, CancellationToken cancel)
    {
        ChunkKey key = ChunkHash.KeyOf(type, level, buffer.Span);
        _chunks[key] = buffer.ToArray();
        return ValueTask.FromResult(key);
    }

    public ValueTask<IMemoryOwner<byte>> GetAsync(ChunkType type, byte level, ChunkKey key, int sizeBytesMax, CancellationToken cancel)
    {
        if (!_chunks.TryGetValue(key, out byte[]? bytes)) throw new ChunkNotFoundException(type, level, key);
        return ValueTask.FromResult<IMemoryOwner<byte>>(new Lent(bytes));
    }

    public ValueTask SyncAsync(CancellationToken cancel) => ValueTask.CompletedTask;

    private sealed class Lent(byte[] bytes) : IMemoryOwner<byte>
    {
        public Memory<byte> Memory => bytes;

        public void Dispose()
        {
        }
    }
}
