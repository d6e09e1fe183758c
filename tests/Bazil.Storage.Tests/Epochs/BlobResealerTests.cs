using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.Storage.Blobs;
using Bazil.Storage.Cas;
using Bazil.Storage.Epochs;
using Bazil.Storage.Stores;

namespace Bazil.Storage.Tests.Epochs;

/// <summary>Sealing of blobs under a newer key, from what the local store has.</summary>
public sealed class BlobResealerTests : IAsyncDisposable
{
    private const int ChunkSize = 4096;

    private readonly SharingKey _old = new(Enumerable.Repeat((byte)1, SharingKey.Size).ToArray());
    private readonly SharingKey _new = new(Enumerable.Repeat((byte)2, SharingKey.Size).ToArray());
    private readonly MemoryObjectStore _local = new("local");
    private readonly DirtyBudget _budget = new();
    private int _writtenBytes;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await _budget.DisposeAsync();
        _old.Dispose();
        _new.Dispose();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(ChunkSize)]
    [InlineData(ChunkSize + 1)]
    [InlineData(40 * ChunkSize)]
    public async Task Content_is_read_with_the_new_key_alone(int sizeBytes)
    {
        byte[] content = Random(sizeBytes);
        Manifest manifest = await WriteAsync(content);
        Assert.True(await ResealAsync(manifest));
        Assert.True(_writtenBytes >= sizeBytes);
        Assert.Equal(content, await ReadAsync(_new, manifest));
        Assert.Equal(content, await ReadAsync(_old, manifest));
    }

    [Fact]
    public async Task Second_time_writes_nothing()
    {
        Manifest manifest = await WriteAsync(Random(20 * ChunkSize));
        Assert.True(await ResealAsync(manifest));
        _writtenBytes = 0;
        Assert.True(await ResealAsync(manifest));
        Assert.Equal(0, _writtenBytes);
    }

    [Fact]
    public async Task What_is_here_in_part_is_sealed_as_far_as_it_goes_and_finished_when_the_rest_arrives()
    {
        byte[] content = Random(20 * ChunkSize);
        Manifest manifest = await WriteAsync(content);
        ObjectId missing = ObjectNaming.IdOf(_old, ChunkType.File, 0, ChunkHash.KeyOf(ChunkType.File, 0, content.AsSpan(7 * ChunkSize, ChunkSize)));
        using var kept = await _local.GetAsync(missing, Cancel);
        Assert.True(await _local.DeleteAsync(missing, Cancel));
        Assert.False(await ResealAsync(manifest));
        Assert.True(_writtenBytes >= 19 * ChunkSize);

        await _local.PutAsync(missing, kept!.Memory, Cancel);
        _writtenBytes = 0;
        Assert.True(await ResealAsync(manifest));
        Assert.Equal(ChunkSize, _writtenBytes);
        Assert.Equal(content, await ReadAsync(_new, manifest));
    }

    [Fact]
    public async Task Content_that_is_not_here_is_left_alone()
    {
        Manifest manifest = await WriteAsync(Random(20 * ChunkSize));
        await foreach (ObjectId id in _local.ListAsync(Cancel)) await _local.DeleteAsync(id, Cancel);
        Assert.False(await ResealAsync(manifest));
        Assert.Equal(0, _writtenBytes);
    }

    [Fact]
    public async Task Damaged_chunk_is_not_passed_on()
    {
        byte[] content = Random(3 * ChunkSize);
        Manifest manifest = await WriteAsync(content);
        ChunkKey key = ChunkHash.KeyOf(ChunkType.File, 0, content.AsSpan(ChunkSize, ChunkSize));
        ObjectId id = ObjectNaming.IdOf(_old, ChunkType.File, 0, key);
        using var stored = await _local.GetAsync(id, Cancel);
        byte[] damaged = stored!.Memory.ToArray();
        damaged[100] ^= 1;
        await _local.PutAsync(id, damaged, Cancel);
        Assert.False(await ResealAsync(manifest));
        Assert.False(await _local.HasAsync(ObjectNaming.IdOf(_new, ChunkType.File, 0, key), Cancel));
    }

    [Fact]
    public async Task Holes_cost_nothing()
    {
        var manifest = new Manifest(default, 1UL << 40, ChunkSize, 8, 1);
        Assert.True(await ResealAsync(manifest));
        Assert.Equal(0, _writtenBytes);
    }

    private async Task<bool> ResealAsync(Manifest manifest)
    {
        var resealer = new BlobResealer(_new, new ConvergentChunkStore(_new, _local), _local, [_old], (bytes, _) =>
        {
            _writtenBytes += bytes;
            return ValueTask.CompletedTask;
        });
        return await resealer.RunAsync(manifest, Cancel);
    }

    private async Task<Manifest> WriteAsync(byte[] content)
    {
        await using var blob = new Blob(new BlobContext(new ConvergentChunkStore(_old, _local), _budget), Manifest.Empty(ChunkSize) with { Fanout = 4 });
        await blob.WriteAsync(0, content, Cancel);
        return await blob.SaveAsync(Cancel);
    }

    private async Task<byte[]> ReadAsync(SharingKey key, Manifest manifest)
    {
        await using var blob = new Blob(new BlobContext(new ConvergentChunkStore(key, _local), _budget), manifest);
        byte[] content = new byte[manifest.SizeBytes];
        Assert.Equal(content.Length, await blob.ReadAsync(0, content, Cancel));
        return content;
    }

    private static byte[] Random(int sizeBytes)
    {
        byte[] bytes = new byte[sizeBytes];
        new Random(sizeBytes).NextBytes(bytes);
        bytes[^1] |= 1;
        return bytes;
    }
}
