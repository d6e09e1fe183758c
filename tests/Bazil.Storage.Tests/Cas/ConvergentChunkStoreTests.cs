using System.Buffers;
using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.Storage.Cas;
using Bazil.Storage.Stores;
using Bazil.Storage.Tests.Stores;

namespace Bazil.Storage.Tests.Cas;

public sealed class ConvergentChunkStoreTests : IDisposable
{
    private const int SizeMax = 4096;

    private readonly SharingKey _sharingKey = new([.. Enumerable.Repeat((byte)0x2a, 32)]);
    private readonly MemoryObjectStore _local = new("local");
    private readonly MemoryObjectStore _far = new("far");
    private readonly MemoryObjectStore _farther = new("farther");

    public void Dispose() => _sharingKey.Dispose();

    [Fact]
    public async Task Chunk_put_is_read_back_without_its_trailing_zeros()
    {
        var chunks = new ConvergentChunkStore(_sharingKey, _local);
        ChunkKey key = await chunks.PutAsync(ChunkType.File, 0, new byte[] { 1, 2, 0, 3, 0, 0 }, default);
        Assert.Equal([1, 2, 0, 3], await ReadAsync(chunks, key));
        Assert.Equal(key, await chunks.PutAsync(ChunkType.File, 0, new byte[] { 1, 2, 0, 3 }, default));
        Assert.Equal(1, _local.Count);
    }

    [Fact]
    public async Task Zeros_have_the_zero_key_and_are_not_stored()
    {
        var chunks = new ConvergentChunkStore(_sharingKey, _local);
        Assert.True((await chunks.PutAsync(ChunkType.File, 0, new byte[100], default)).IsZero);
        Assert.True((await chunks.PutAsync(ChunkType.File, 0, default, default)).IsZero);
        Assert.Equal(0, _local.Count);
        Assert.Empty(await ReadAsync(chunks, default));
    }

    [Fact]
    public async Task Equal_bytes_of_other_type_or_level_or_sharing_key_are_other_objects()
    {
        using var otherKey = new SharingKey(new byte[32]);
        await new ConvergentChunkStore(_sharingKey, _local).PutAsync(ChunkType.File, 0, "x"u8.ToArray(), default);
        await new ConvergentChunkStore(_sharingKey, _local).PutAsync(ChunkType.File, 1, "x"u8.ToArray(), default);
        await new ConvergentChunkStore(_sharingKey, _local).PutAsync(ChunkType.Directory, 0, "x"u8.ToArray(), default);
        await new ConvergentChunkStore(otherKey, _local).PutAsync(ChunkType.File, 0, "x"u8.ToArray(), default);
        Assert.Equal(4, _local.Count);
    }

    [Fact]
    public async Task Missing_chunk_is_not_found()
    {
        var chunks = new ConvergentChunkStore(_sharingKey, new MultiObjectStore(_local, _far));
        ChunkNotFoundException exception = await Assert.ThrowsAsync<ChunkNotFoundException>(() => ReadAsync(chunks, KeyOf("x"u8)));
        Assert.Equal(KeyOf("x"u8), exception.Key);
    }

    [Fact]
    public async Task Every_truncation_and_every_flipped_bit_is_corrupt()
    {
        var chunks = new ConvergentChunkStore(_sharingKey, _local);
        ChunkKey key = await chunks.PutAsync(ChunkType.File, 0, "hello"u8.ToArray(), default);
        ObjectId id = ObjectNaming.IdOf(_sharingKey, ChunkType.File, 0, key);
        byte[] good = await BytesAsync(_local, id);
        for (int size = 0; size < good.Length; size++)
        {
            await _local.PutAsync(id, good.AsMemory(0, size), default);
            await Assert.ThrowsAsync<CorruptObjectException>(() => ReadAsync(chunks, key));
        }

        for (int bit = 8; bit < 8 * good.Length; bit++)
        {
            byte[] bad = [.. good];
            bad[bit / 8] ^= (byte)(1 << (bit % 8));
            await _local.PutAsync(id, bad, default);
            await Assert.ThrowsAsync<CorruptObjectException>(() => ReadAsync(chunks, key));
        }
    }

    [Fact]
    public async Task Unknown_encoding_is_an_error_of_its_own()
    {
        var chunks = new ConvergentChunkStore(_sharingKey, _local);
        ChunkKey key = await chunks.PutAsync(ChunkType.File, 0, "hello"u8.ToArray(), default);
        ObjectId id = ObjectNaming.IdOf(_sharingKey, ChunkType.File, 0, key);
        byte[] bytes = await BytesAsync(_local, id);
        bytes[0] = 200;
        await _local.PutAsync(id, bytes, default);
        Assert.Equal(200, (await Assert.ThrowsAsync<UnknownEncodingException>(() => ReadAsync(chunks, key))).Encoding);
    }

    [Fact]
    public async Task Object_of_another_sharing_key_is_corrupt()
    {
        using var otherKey = new SharingKey(new byte[32]);
        var chunks = new ConvergentChunkStore(_sharingKey, _local);
        ChunkKey key = KeyOf("hello"u8);
        await _local.PutAsync(ObjectNaming.IdOf(_sharingKey, ChunkType.File, 0, key), Seal(otherKey, key, "hello"u8), default);
        await Assert.ThrowsAsync<CorruptObjectException>(() => ReadAsync(chunks, key));
    }

    [Fact]
    public async Task Chunk_larger_than_the_reader_accepts_is_corrupt()
    {
        var chunks = new ConvergentChunkStore(_sharingKey, _local);
        ChunkKey key = await chunks.PutAsync(ChunkType.File, 0, "hello"u8.ToArray(), default);
        await Assert.ThrowsAsync<CorruptObjectException>(async () => await chunks.GetAsync(ChunkType.File, 0, key, 4, default));
    }

    [Fact]
    public async Task Chunk_fetched_from_another_store_is_kept_and_not_fetched_again()
    {
        ChunkKey key = await new ConvergentChunkStore(_sharingKey, _far).PutAsync(ChunkType.File, 0, "hello"u8.ToArray(), default);
        var counting = new FaultyObjectStore(_far);
        var chunks = new ConvergentChunkStore(_sharingKey, new MultiObjectStore(_local, counting));
        Assert.Equal("hello"u8.ToArray(), await ReadAsync(chunks, key));
        Assert.Equal("hello"u8.ToArray(), await ReadAsync(chunks, key));
        Assert.Equal((1, 1), (_local.Count, counting.GetCount));
    }

    [Fact]
    public async Task Forged_content_of_a_holder_of_the_key_is_refused_not_kept_and_the_next_store_asked()
    {
        ChunkKey key = KeyOf("hello"u8);
        ObjectId id = ObjectNaming.IdOf(_sharingKey, ChunkType.File, 0, key);
        await _far.PutAsync(id, Seal(_sharingKey, key, "HELLO"u8), default);
        var chunks = new ConvergentChunkStore(_sharingKey, new MultiObjectStore(_local, _far, _farther));
        await Assert.ThrowsAsync<CorruptObjectException>(() => ReadAsync(chunks, key));
        Assert.Equal(0, _local.Count);

        await new ConvergentChunkStore(_sharingKey, _farther).PutAsync(ChunkType.File, 0, "hello"u8.ToArray(), default);
        Assert.Equal("hello"u8.ToArray(), await ReadAsync(chunks, key));
        Assert.Equal(await BytesAsync(_farther, id), await BytesAsync(_local, id));
    }

    [Fact]
    public async Task Content_with_trailing_zeros_under_the_key_without_is_refused_from_outside()
    {
        ChunkKey key = KeyOf("hello"u8);
        await _far.PutAsync(ObjectNaming.IdOf(_sharingKey, ChunkType.File, 0, key), Seal(_sharingKey, key, "hello\0"u8), default);
        var chunks = new ConvergentChunkStore(_sharingKey, new MultiObjectStore(_local, _far));
        await Assert.ThrowsAsync<CorruptObjectException>(() => ReadAsync(chunks, key));
    }

    [Fact]
    public async Task Damaged_local_copy_heals_from_another_store()
    {
        ChunkKey key = await new ConvergentChunkStore(_sharingKey, _far).PutAsync(ChunkType.File, 0, "hello"u8.ToArray(), default);
        ObjectId id = ObjectNaming.IdOf(_sharingKey, ChunkType.File, 0, key);
        await _local.PutAsync(id, new byte[] { 0, 1, 2 }, default);
        var chunks = new ConvergentChunkStore(_sharingKey, new MultiObjectStore(_local, _far));
        Assert.Equal("hello"u8.ToArray(), await ReadAsync(chunks, key));
        Assert.Equal(await BytesAsync(_far, id), await BytesAsync(_local, id));
    }

    [Fact]
    public async Task Store_that_cannot_be_asked_is_reported_sooner_than_a_damaged_copy()
    {
        ChunkKey key = KeyOf("hello"u8);
        await _local.PutAsync(ObjectNaming.IdOf(_sharingKey, ChunkType.File, 0, key), new byte[] { 0, 1, 2 }, default);
        var unreachable = new FaultyObjectStore(_far) { IsUnreachable = true };
        var chunks = new ConvergentChunkStore(_sharingKey, new MultiObjectStore(_local, unreachable));
        StoreException exception = await Assert.ThrowsAsync<StoreException>(() => ReadAsync(chunks, key));
        Assert.Contains("cannot be reached", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Full_local_disk_does_not_make_remote_content_unreadable()
    {
        ChunkKey key = await new ConvergentChunkStore(_sharingKey, _far).PutAsync(ChunkType.File, 0, "hello"u8.ToArray(), default);
        var stores = new MultiObjectStore(new FaultyObjectStore(_local) { IsFull = true }, _far);
        Assert.Equal("hello"u8.ToArray(), await ReadAsync(new ConvergentChunkStore(_sharingKey, stores), key));
        Assert.True(stores.KeepFailure!.IsDiskFull);
    }

    private static ChunkKey KeyOf(ReadOnlySpan<byte> content) => ChunkHash.KeyOf(ChunkType.File, 0, content);

    private static byte[] Seal(SharingKey sharingKey, ChunkKey key, ReadOnlySpan<byte> content)
    {
        byte[] sealedObject = new byte[content.Length + PlainBox.OverheadSize];
        PlainBox.Seal(sharingKey, ChunkType.File, 0, key, content, sealedObject);
        return sealedObject;
    }

    private static async Task<byte[]> ReadAsync(ConvergentChunkStore chunks, ChunkKey key)
    {
        using IMemoryOwner<byte> plaintext = await chunks.GetAsync(ChunkType.File, 0, key, SizeMax, default);
        return plaintext.Memory.ToArray();
    }

    private static async Task<byte[]> BytesAsync(MemoryObjectStore store, ObjectId id)
    {
        using IMemoryOwner<byte>? bytes = await store.GetAsync(id, default);
        return bytes!.Memory.ToArray();
    }
}
