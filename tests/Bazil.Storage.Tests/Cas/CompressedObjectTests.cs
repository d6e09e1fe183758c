using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.Storage.Cas;
using Bazil.Storage.Compression;
using Bazil.Storage.Stores;
using Bazil.Testing;

namespace Bazil.Storage.Tests.Cas;

/// <summary>Encoding 1 of objects.</summary>
public sealed class CompressedObjectTests : IDisposable
{
    private const int SizeMax = 128 * 1024;
    private const int NonceEnd = 1 + SecretBox.NonceSize;

    private readonly SharingKey _sharingKey = new([.. Enumerable.Repeat((byte)0x2a, 32)]);
    private readonly MemoryObjectStore _local = new("local");
    private readonly MemoryObjectStore _far = new("far");

    public void Dispose() => _sharingKey.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(100)]
    [InlineData(4096)]
    [InlineData(SizeMax - 1)]
    [InlineData(SizeMax)]
    [InlineData(4 * 1024 * 1024)]
    public async Task Compressible_chunk_is_read_back_and_never_stored_larger_than_plain(int sizeBytes)
    {
        byte[] content = Text(sizeBytes);
        ConvergentChunkStore chunks = Compressing(_local);
        ChunkKey key = await chunks.PutAsync(ChunkType.File, 0, content, default);
        Assert.Equal(KeyOf(content), key);
        Assert.Equal(content, await ReadAsync(chunks, key, sizeBytes));

        byte[] stored = await BytesAsync(_local, key);
        Assert.Equal(sizeBytes < 4096 ? 0 : 1, stored[0]);
        if (sizeBytes >= 4096) Assert.InRange(stored.Length, 1, content.Length / 2);
        else Assert.Equal(content.Length + PlainBox.OverheadSize, stored.Length);
    }

    [Fact]
    public async Task Random_content_stays_plain()
    {
        byte[] content = new byte[SizeMax];
        new Random(7).NextBytes(content);
        ChunkKey key = await Compressing(_local).PutAsync(ChunkType.File, 0, content, default);
        Assert.Equal(0, (await BytesAsync(_local, key))[0]);
        Assert.Equal(content, await ReadAsync(Compressing(_local), key, SizeMax));
    }

    [Fact]
    public async Task Objects_of_both_encodings_are_read_whatever_the_setting_and_have_one_id()
    {
        byte[] content = Text(SizeMax);
        ChunkKey plain = await new ConvergentChunkStore(_sharingKey, _local).PutAsync(ChunkType.File, 0, content, default);
        ChunkKey compressed = await Compressing(_far).PutAsync(ChunkType.File, 0, content, default);
        Assert.Equal(plain, compressed);
        Assert.Equal((0, 1), ((await BytesAsync(_local, plain))[0], (await BytesAsync(_far, plain))[0]));
        Assert.Equal(content, await ReadAsync(Compressing(_local), plain, SizeMax));
        Assert.Equal(content, await ReadAsync(new ConvergentChunkStore(_sharingKey, _far), plain, SizeMax));
        Assert.Equal(content, await ReadAsync(new ConvergentChunkStore(_sharingKey, new MultiObjectStore(new MemoryObjectStore("empty"), _far)), plain, SizeMax));
    }

    [Fact]
    public void No_nonce_ever_covers_two_messages()
    {
        Seed seed = Seed.Take(20251121);
        Random random = seed.CreateRandom();
        var boxes = new Dictionary<string, string>();
        int objectCount = 0, repeatedCount = 0;
        using var compressor = new ZstdCompressor();
        for (int round = 0; round < 60; round++)
        {
            byte[] content = Text(random.Next(200, 20_000), random.Next());
            foreach (ChunkType type in Enum.GetValues<ChunkType>())
            {
                byte level = (byte)random.Next(3);
                ChunkKey key = ChunkHash.KeyOf(type, level, content);
                Note(Plain(_sharingKey, type, level, key, content), hasNonce: false, type, level, key);

                // Other levels stand for other versions of zstd: the same chunk, another frame.
                foreach (int zstdLevel in (int[])[-7, -3, 1, 1, 2, 3, 5, 9, 19])
                {
                    byte[] frame = new byte[content.Length + 100];
                    int frameSize = compressor.Compress(content, frame, zstdLevel);
                    Note(Sealed(_sharingKey, type, level, key, frame.AsSpan(0, frameSize)), hasNonce: true, type, level, key);
                }
            }
        }

        Assert.True(boxes.Count > objectCount / 3 && repeatedCount > objectCount / 20, $"{seed}: {boxes.Count} nonces of {objectCount} objects, {repeatedCount} repeated");

        void Note(byte[] sealedObject, bool hasNonce, ChunkType type, byte level, ChunkKey key)
        {
            byte[] nonce = new byte[SecretBox.NonceSize];
            if (hasNonce) sealedObject.AsSpan(1, SecretBox.NonceSize).CopyTo(nonce);
            else ObjectNaming.WriteNonce(type, level, key, nonce);
            string box = Convert.ToHexString(sealedObject.AsSpan(hasNonce ? NonceEnd : 1));
            objectCount++;
            if (boxes.TryAdd(Convert.ToHexString(nonce), box)) return;
            repeatedCount++; // the same frame once more is the same message
            Assert.Equal(boxes[Convert.ToHexString(nonce)], box);
        }
    }

    [Fact]
    public void Nonce_depends_on_the_frame_its_length_the_name_and_the_sharing_key()
    {
        using var otherKey = new SharingKey(new byte[32]);
        ChunkKey key = KeyOf("a"u8), other = KeyOf("b"u8);
        byte[] frame = [.. Enumerable.Range(0, 100).Select(static i => (byte)i)];
        byte[] changed = [.. frame];
        changed[50] ^= 1;
        string[] nonces =
        [
            NonceOf(Sealed(_sharingKey, ChunkType.File, 0, key, frame)),
            NonceOf(Sealed(_sharingKey, ChunkType.File, 0, key, changed)),
            NonceOf(Sealed(_sharingKey, ChunkType.File, 0, key, frame.AsSpan(0, 99))),
            NonceOf(Sealed(_sharingKey, ChunkType.File, 0, other, frame)),
            NonceOf(Sealed(_sharingKey, ChunkType.File, 1, key, frame)),
            NonceOf(Sealed(_sharingKey, ChunkType.Directory, 0, key, frame)),
            NonceOf(Sealed(otherKey, ChunkType.File, 0, key, frame)),
        ];
        Assert.Equal(nonces.Length, nonces.Distinct().Count());
        Assert.Equal(nonces[0], NonceOf(Sealed(_sharingKey, ChunkType.File, 0, key, frame)));
    }

    [Fact]
    public async Task Every_truncation_and_every_flipped_bit_is_corrupt()
    {
        byte[] content = Text(500, word: "abc ");
        ConvergentChunkStore chunks = Compressing(_local);
        ChunkKey key = await chunks.PutAsync(ChunkType.File, 0, content, default);
        ObjectId id = ObjectNaming.IdOf(_sharingKey, ChunkType.File, 0, key);
        byte[] good = await BytesAsync(_local, key);
        Assert.Equal(1, good[0]);
        for (int size = 0; size < good.Length; size++)
        {
            await _local.PutAsync(id, good.AsMemory(0, size), default);
            await Assert.ThrowsAsync<CorruptObjectException>(() => ReadAsync(chunks, key, SizeMax));
        }

        for (int bit = 0; bit < 8 * good.Length; bit++)
        {
            byte[] bad = [.. good];
            bad[bit / 8] ^= (byte)(1 << (bit % 8));
            await _local.PutAsync(id, bad, default);
            if (bit is > 0 and < 8) await Assert.ThrowsAsync<UnknownEncodingException>(() => ReadAsync(chunks, key, SizeMax));
            else await Assert.ThrowsAsync<CorruptObjectException>(() => ReadAsync(chunks, key, SizeMax));
        }
    }

    [Fact]
    public async Task Frame_under_a_nonce_that_is_not_its_own_is_refused_before_it_is_decompressed()
    {
        byte[] content = Text(SizeMax);
        ChunkKey key = KeyOf(content);
        byte[] honest = Sealed(_sharingKey, ChunkType.File, 0, key, FrameOf(content));
        byte[] frame = FrameOf(Text(SizeMax, random: 2));
        byte[] forged = new byte[NonceEnd + SecretBox.OverheadSize + frame.Length];
        honest.AsSpan(0, NonceEnd).CopyTo(forged); // a holder of the sharing key, with a nonce that is in use
        using (SecretLease secret = _sharingKey.Borrow()) SecretBox.Seal(forged.AsSpan(NonceEnd), frame, forged.AsSpan(1, SecretBox.NonceSize), secret.Span);
        await PutAsync(_local, key, forged);
        CorruptObjectException exception = await Assert.ThrowsAsync<CorruptObjectException>(() => ReadAsync(Compressing(_local), key, SizeMax));
        Assert.Contains("its nonce is not that of its content", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Content_of_another_chunk_under_an_honest_nonce_is_refused_from_outside_and_not_kept()
    {
        byte[] content = Text(SizeMax);
        ChunkKey key = KeyOf(content);
        await PutAsync(_far, key, Sealed(_sharingKey, ChunkType.File, 0, key, FrameOf(Text(SizeMax, random: 2))));
        var chunks = new ConvergentChunkStore(_sharingKey, new MultiObjectStore(_local, _far));
        await Assert.ThrowsAsync<CorruptObjectException>(() => ReadAsync(chunks, key, SizeMax));
        Assert.Equal(0, _local.Count);
    }

    [Fact]
    public async Task Frame_that_is_larger_than_a_chunk_or_none_at_all_is_corrupt()
    {
        ChunkKey key = KeyOf("x"u8);
        byte[] good = FrameOf(Text(SizeMax));
        byte[] boast = [.. good];
        BinaryPrimitives.WriteUInt32LittleEndian(boast.AsSpan(5), uint.MaxValue); // the content size in a header of this form
        (byte[] Frame, string Reason)[] bad =
        [
            (FrameOf(new byte[SizeMax + 1]), "exceeds"), // a hundred bytes that grow beyond the chunk
            (FrameOf(new byte[512 * 1024 * 1024]), "exceeds"),
            (boast, "exceeds"),
            ([.. good, .. good], "exactly one zstd frame"),
            ([0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4], "exactly one zstd frame"), // a skippable frame
            (FrameOf([]), "exactly one zstd frame"),
            ("not a frame"u8.ToArray(), "exactly one zstd frame"),
            (good[..^1], "exactly one zstd frame"),
        ];
        foreach ((byte[] frame, string reason) in bad)
        {
            await PutAsync(_local, key, Sealed(_sharingKey, ChunkType.File, 0, key, frame));
            long before = GC.GetAllocatedBytesForCurrentThread();
            CorruptObjectException exception = await Assert.ThrowsAsync<CorruptObjectException>(() => ReadAsync(Compressing(_local), key, SizeMax));
            Assert.Contains(reason, exception.Message, StringComparison.Ordinal);
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 2 * SizeMax);
        }
    }

    [Fact]
    public async Task Concurrent_puts_and_gets_do_not_mix_contexts_up()
    {
        ConvergentChunkStore chunks = Compressing(_local);
        await Parallel.ForAsync(0, 300, async (index, cancel) =>
        {
            byte[] content = Text(1000 + (index * 100), index);
            ChunkKey key = await chunks.PutAsync(ChunkType.File, 0, content, cancel);
            Assert.Equal(content, await ReadAsync(chunks, key, SizeMax));
        });
    }

    private ConvergentChunkStore Compressing(IObjectStore store) => new(_sharingKey, store) { Compression = ChunkCompression.Zstd };

    private static ChunkKey KeyOf(ReadOnlySpan<byte> content) => ChunkHash.KeyOf(ChunkType.File, 0, content);

    private static string NonceOf(byte[] sealedObject) => Convert.ToHexString(sealedObject.AsSpan(1, SecretBox.NonceSize));

    /// <summary>Words in random order: what text is to a compressor. Never ends in zero.</summary>
    private static byte[] Text(int sizeBytes, int random = 1, string word = "chunk sealed store manifest knowledge segment arena record ")
    {
        var order = new Random(random);
        string[] words = word.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var text = new StringBuilder(sizeBytes + 16);
        while (text.Length < sizeBytes) text.Append(words[order.Next(words.Length)]).Append(order.Next(100)).Append(' ');
        return Encoding.ASCII.GetBytes(text.ToString(0, sizeBytes));
    }

    private static byte[] FrameOf(byte[] content)
    {
        using var compressor = new ZstdCompressor();
        byte[] frame = new byte[(content.Length / 2) + 1000];
        int size = compressor.Compress(content, frame, ChunkCompressor.Level);
        Assert.True(size > 0);
        return frame[..size];
    }

    internal static byte[] Sealed(SharingKey sharingKey, ChunkType type, byte level, ChunkKey key, ReadOnlySpan<byte> frame)
    {
        byte[] buffer = new byte[frame.Length + CompressedBox.OverheadSize + CompressedBox.ScratchSize];
        frame.CopyTo(buffer.AsSpan(CompressedBox.FrameOffset));
        CompressedBox.SealInPlace(sharingKey, type, level, key, frame.Length, buffer);
        Assert.Equal(-1, buffer.AsSpan(frame.Length + CompressedBox.OverheadSize).IndexOfAnyExcept((byte)0));
        return buffer[..(frame.Length + CompressedBox.OverheadSize)];
    }

    private static byte[] Plain(SharingKey sharingKey, ChunkType type, byte level, ChunkKey key, byte[] content)
    {
        byte[] sealedObject = new byte[content.Length + PlainBox.OverheadSize];
        PlainBox.Seal(sharingKey, type, level, key, content, sealedObject);
        return sealedObject;
    }

    private async Task PutAsync(MemoryObjectStore store, ChunkKey key, byte[] sealedObject) =>
        await store.PutAsync(ObjectNaming.IdOf(_sharingKey, ChunkType.File, 0, key), sealedObject, default);

    private static async Task<byte[]> ReadAsync(ConvergentChunkStore chunks, ChunkKey key, int sizeMax)
    {
        using IMemoryOwner<byte> plaintext = await chunks.GetAsync(ChunkType.File, 0, key, sizeMax, default);
        return plaintext.Memory.ToArray();
    }

    private async Task<byte[]> BytesAsync(MemoryObjectStore store, ChunkKey key)
    {
        using IMemoryOwner<byte>? bytes = await store.GetAsync(ObjectNaming.IdOf(_sharingKey, ChunkType.File, 0, key), default);
        return bytes!.Memory.ToArray();
    }
}
