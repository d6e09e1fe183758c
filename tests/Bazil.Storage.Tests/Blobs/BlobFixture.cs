using Bazil.Core.Crypto;
using Bazil.Storage.Blobs;
using Bazil.Storage.Cas;
using Bazil.Storage.Stores;
using Bazil.Storage.Tests.Stores;

namespace Bazil.Storage.Tests.Blobs;

/// <summary>Everything a blob needs, over a memory store that can be made to fail.</summary>
internal sealed class BlobFixture : IAsyncDisposable
{
    public const int ChunkSize = 4096;

    private readonly SharingKey _key = new(new byte[32]);

    public BlobFixture(long budgetBytes = DirtyBudget.DefaultSizeBytes, long cacheBytes = 0, int readAheadBytes = 0, TimeProvider? clock = null)
    {
        Store = new FaultyObjectStore(Memory);
        Budget = new DirtyBudget(budgetBytes);
        Context = new BlobContext(new CachingChunkStore(new ConvergentChunkStore(_key, Store), new ChunkCache(cacheBytes, clock)), Budget, readAheadBytes);
    }

    public MemoryObjectStore Memory { get; } = new("memory");

    public FaultyObjectStore Store { get; }

    public DirtyBudget Budget { get; }

    public BlobContext Context { get; }

    public Blob Create(ushort fanout = Manifest.DefaultFanout, uint chunkSizeBytes = ChunkSize) =>
        new(Context, Manifest.Empty(chunkSizeBytes) with { Fanout = fanout });

    public Blob Open(Manifest manifest) => new(Context, manifest);

    public static byte[] Bytes(int seed, int size)
    {
        byte[] bytes = new byte[size];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    public static async Task<byte[]> ReadAsync(Blob blob, ulong offset, int count)
    {
        byte[] buffer = new byte[count];
        int read = await blob.ReadAsync(offset, buffer, default);
        return buffer[..read];
    }

    public async ValueTask DisposeAsync()
    {
        await Budget.DisposeAsync();
        _key.Dispose();
    }
}
