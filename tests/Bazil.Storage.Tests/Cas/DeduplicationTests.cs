using System.Buffers;
using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.Storage.Blobs;
using Bazil.Storage.Cas;
using Bazil.Storage.Stores;
using Bazil.Storage.Tests.Stores;
using Bazil.Testing;

namespace Bazil.Storage.Tests.Cas;

/// <summary>When a chunk that is there already is not written, and when that it is there counts for nothing.</summary>
public sealed class DeduplicationTests : IDisposable
{
    private const int SizeMax = 128 * 1024;

    private readonly SharingKey _sharingKey = new([.. Enumerable.Repeat((byte)0x2a, 32)]);
    private readonly MemoryObjectStore _memory = new("local");
    private readonly FaultyObjectStore _local;

    public DeduplicationTests() => _local = new FaultyObjectStore(_memory);

    public void Dispose() => _sharingKey.Dispose();

    [Fact]
    public async Task Chunk_that_the_local_store_has_is_not_written_again_whatever_the_setting()
    {
        var chunks = new ConvergentChunkStore(_sharingKey, _local);
        byte[] content = Content(1);
        ChunkKey key = await chunks.PutAsync(ChunkType.File, 0, content, default);
        Assert.Equal(key, await chunks.PutAsync(ChunkType.File, 0, content, default));
        chunks.Compression = ChunkCompression.Zstd;
        Assert.Equal(key, await chunks.PutAsync(ChunkType.File, 0, content, default));
        Assert.Equal((1, 1), (_local.PutCount, _memory.Count));
        Assert.Equal(content, await ReadAsync(chunks, key));
    }

    [Fact]
    public async Task Garbage_that_a_hostile_peer_put_first_is_neither_believed_nor_read()
    {
        var peerPuts = new MemoryObjectStore("puts of a peer");
        byte[][] contents = [.. Enumerable.Range(0, 20).Select(Content)];
        foreach ((byte[] content, int index) in contents.Select((content, index) => (content, index)))
        {
            // It knows the sharing key and guesses what will be written: everything that can be put under such an id.
            ChunkKey key = ChunkHash.KeyOf(ChunkType.File, 0, content);
            byte[] honest = Sealed(key, content), other = Sealed(key, Content(1000 + index));
            byte[] garbage = (index % 5) switch
            {
                0 => [],
                1 => [.. honest.AsSpan(0, honest.Length - 1)],
                2 => [99, .. honest.AsSpan(1)],
                3 => other, // opens, with the wrong content
                _ => [.. Enumerable.Repeat((byte)7, 5000)],
            };
            await peerPuts.PutAsync(ObjectNaming.IdOf(_sharingKey, ChunkType.File, 0, key), garbage, default);
        }

        var chunks = new ConvergentChunkStore(_sharingKey, new MultiObjectStore(_local, peerPuts)) { Compression = ChunkCompression.Zstd };
        foreach (byte[] content in contents)
        {
            ChunkKey key = ChunkHash.KeyOf(ChunkType.File, 0, content);
            await Assert.ThrowsAnyAsync<StoreException>(() => ReadAsync(chunks, key)); // refused, and not kept
            Assert.Equal(key, await chunks.PutAsync(ChunkType.File, 0, content, default));
            Assert.Equal(content, await ReadAsync(chunks, key));
        }

        Assert.Equal((20, 20), (_local.PutCount, _memory.Count));
    }

    [Fact]
    public async Task Volume_content_is_right_though_a_hostile_peer_was_first_with_every_chunk()
    {
        byte[] content = new byte[(3 * 4096) + 17];
        new Random(9).NextBytes(content);
        var rehearsal = new MemoryObjectStore("rehearsal");
        Manifest expected = await WriteAsync(new ConvergentChunkStore(_sharingKey, rehearsal), content);
        var peerPuts = new MemoryObjectStore("puts of a peer");
        await foreach (ObjectId id in rehearsal.ListAsync(default)) await peerPuts.PutAsync(id, new byte[] { 0, 1, 2, 3 }, default);

        var chunks = new ConvergentChunkStore(_sharingKey, new MultiObjectStore(_local, peerPuts));
        Assert.Equal(expected, await WriteAsync(chunks, content));
        Assert.Equal(rehearsal.Count, _memory.Count);
        await using var budget = new DirtyBudget(1024 * 1024);
        await using var blob = new Blob(new BlobContext(new CachingChunkStore(chunks, new ChunkCache(0)), budget), expected);
        byte[] read = new byte[content.Length];
        Assert.Equal(content.Length, await blob.ReadAsync(0, read, default));
        Assert.Equal(content, read);
    }

    [Fact]
    public async Task Verified_chunk_of_a_peer_counts_once_it_was_kept()
    {
        var far = new MemoryObjectStore("far");
        byte[] content = Content(1);
        ChunkKey key = await new ConvergentChunkStore(_sharingKey, far).PutAsync(ChunkType.File, 0, content, default);
        var chunks = new ConvergentChunkStore(_sharingKey, new MultiObjectStore(_local, far));
        Assert.Equal(content, await ReadAsync(chunks, key));
        Assert.Equal(1, _local.PutCount);
        await chunks.PutAsync(ChunkType.File, 0, content, default);
        Assert.Equal(1, _local.PutCount);
    }

    [Fact]
    public async Task Local_object_that_was_read_damaged_is_replaced_by_the_next_put()
    {
        var chunks = new ConvergentChunkStore(_sharingKey, _local);
        byte[] content = Content(1);
        ChunkKey key = await chunks.PutAsync(ChunkType.File, 0, content, default);
        await _memory.PutAsync(ObjectNaming.IdOf(_sharingKey, ChunkType.File, 0, key), new byte[] { 0, 1, 2 }, default);
        await Assert.ThrowsAsync<CorruptObjectException>(() => ReadAsync(chunks, key));

        await chunks.PutAsync(ChunkType.File, 0, content, default);
        Assert.Equal(content, await ReadAsync(chunks, key));
        await chunks.PutAsync(ChunkType.File, 0, content, default);
        Assert.Equal(2, _local.PutCount); // and it counts again
    }

    [Fact]
    public async Task File_that_a_power_cut_tore_is_written_again_by_the_next_put()
    {
        using var directory = new TempDirectory();
        byte[] content = Content(1);
        ChunkKey key;
        await using (FilesObjectStore store = FilesObjectStore.Open("files", directory["store"], "boot-1"))
        {
            key = await new ConvergentChunkStore(_sharingKey, store).PutAsync(ChunkType.File, 0, content, default);

            // Never synced; the process dies, and the power fails when half of the file is on the disk.
            string fresh = Directory.EnumerateFiles(Path.Combine(directory["store"], "fresh-boot-1")).Single();
            byte[] half = (await File.ReadAllBytesAsync(fresh))[..100];
            await store.DeleteAsync(ObjectNaming.IdOf(_sharingKey, ChunkType.File, 0, key), default);
            await File.WriteAllBytesAsync(fresh, half);
        }

        await using (FilesObjectStore store = FilesObjectStore.Open("files", directory["store"], "boot-2"))
        {
            var chunks = new ConvergentChunkStore(_sharingKey, store);
            await store.SyncAsync(default); // a sync does not make it any better
            await chunks.PutAsync(ChunkType.File, 0, content, default);
            Assert.Equal(content, await ReadAsync(chunks, key));
        }

        await using FilesObjectStore later = FilesObjectStore.Open("files", directory["store"], "boot-3");
        Assert.Equal(content, await ReadAsync(new ConvergentChunkStore(_sharingKey, later), key));
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(directory["store"], "fresh-boot-3")));
    }

    private static byte[] Content(int random)
    {
        byte[] content = new byte[5000];
        foreach (ref byte value in content.AsSpan()) value = 1;
        BitConverter.TryWriteBytes(content.AsSpan(100), random);
        return content;
    }

    private byte[] Sealed(ChunkKey key, byte[] content)
    {
        byte[] sealedObject = new byte[content.Length + PlainBox.OverheadSize];
        PlainBox.Seal(_sharingKey, ChunkType.File, 0, key, content, sealedObject);
        return sealedObject;
    }

    private static async Task<Manifest> WriteAsync(ConvergentChunkStore chunks, byte[] content)
    {
        await using var budget = new DirtyBudget(1024 * 1024);
        await using var blob = new Blob(new BlobContext(new CachingChunkStore(chunks, new ChunkCache(0)), budget), Manifest.Empty(4096));
        await blob.WriteAsync(0, content, default);
        return await blob.SaveAsync(default);
    }

    private static async Task<byte[]> ReadAsync(ConvergentChunkStore chunks, ChunkKey key)
    {
        using IMemoryOwner<byte> plaintext = await chunks.GetAsync(ChunkType.File, 0, key, SizeMax, default);
        return plaintext.Memory.ToArray();
    }
}
