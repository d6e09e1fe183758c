using System.Buffers;
using System.Text;
using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.Storage.Cas;

namespace Bazil.Storage.Tests.Cas;

/// <summary>
/// The vectors of docs/crypto.md for encoding 1. Frames of other versions of zstd differ, so what is frozen is how a given frame
/// is sealed, and that the object opens. Python's hashlib, PyNaCl and libzstd open what we seal.
/// </summary>
public sealed class CompressedGoldenTests
{
    private const string Frame = "28b52ffd600400a500006868656c6c6f2c20776f726c640a010074a0e617";

    /// <summary>Opens objects from docs/crypto.md alone: prints id and plaintext, or fails.</summary>
    private const string Independent = """
        import sys, hashlib, ctypes
        from nacl.bindings import crypto_secretbox_open
        zstd = ctypes.CDLL('libzstd.so.1')
        zstd.ZSTD_decompress.restype = ctypes.c_size_t
        S = bytes([0x2a]) * 32
        def pad(name): return name + bytes(16 - len(name))
        for line in sys.stdin.read().split('\n'):
            if not line: continue
            kind, level, key, sealed = line.split(' ')
            name = bytes.fromhex(key) + pad(kind.encode()) + int(level).to_bytes(8, 'little')
            sealed = bytes.fromhex(sealed)
            assert sealed[0] == 1
            nonce = sealed[1:25]
            frame = crypto_secretbox_open(sealed[25:], nonce, S)
            assert hashlib.blake2b(len(frame).to_bytes(8, 'little') + frame + name, digest_size=24, person=b'bazil-crypt-zstd', key=S).digest() == nonce
            room = ctypes.create_string_buffer(1 << 20)
            size = zstd.ZSTD_decompress(room, len(room), frame, len(frame))
            assert size <= len(room)
            content = room.raw[:size]
            assert hashlib.blake2b(content, digest_size=32, person=pad(b'bazil:' + kind.encode()), salt=pad(int(level).to_bytes(8, 'little'))).hexdigest() == key
            print(hashlib.blake2b(name, digest_size=32, person=pad(b'bazil-crypt-key'), key=S).hexdigest(), content.hex())
        """;

    private static readonly byte[] _secret = [.. Enumerable.Repeat((byte)0x2a, 32)];

    private static readonly byte[] _content = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("hello, world\n", 20)));

    [Theory]
    [InlineData(ChunkType.File, 0, "cae9a8eebd04922b5732cc30896dd23ca4803942b33bf9e55c08107e0ac56e9b", "0168c6730e9b731e65dc361bf4c35303d652f79c0f79abc5d2e16bfffe034e36f8658e86f0e24ba8693bce9b692a8840203f7b87823f3f9f9b8c0cea64759f9ca01fb256c2bf5f")]
    [InlineData(ChunkType.Directory, 1, "4e2a63ac4d33854cf747de335eb22bf4f8711714b52d94d3d23ff707e512fe39", "011f82991f3353529da4557b0eb58cb50bd4c99474d9c03f8d0e2f20886b1a8c615460e5ef4ede9c1a99a042b48d02753261a8063854996917a036b77e61afb453125cd2dc7ce3")]
    public void Object_of_a_frame_is_frozen_and_opens(ChunkType type, byte level, string key, string sealedObject)
    {
        using var secret = new SharingKey(_secret);
        ChunkKey chunkKey = ChunkHash.KeyOf(type, level, _content);
        Assert.Equal(key, chunkKey.ToString());
        Assert.Equal(sealedObject, Convert.ToHexStringLower(CompressedObjectTests.Sealed(secret, type, level, chunkKey, Convert.FromHexString(Frame))));

        using IMemoryOwner<byte>? opened = SealedObject.TryOpen(secret, type, level, chunkKey, Convert.FromHexString(sealedObject), 4096, out string reason);
        Assert.Equal("", reason);
        Assert.Equal(_content, opened!.Memory.ToArray());
    }

    [Fact]
    public void Independent_implementation_opens_what_is_sealed()
    {
        const string Python = "/usr/bin/python3";
        if (!File.Exists(Python)) Assert.Skip("/usr/bin/python3 is not installed");
        if (GoldenVectorTests.Run(Python, "import nacl.bindings", "") is null) Assert.Skip("PyNaCl is not installed (package python3-nacl)");

        using var secret = new SharingKey(_secret);
        var random = new Random(21);
        var input = new StringBuilder();
        var expected = new StringBuilder();
        for (int index = 0; index < 50; index++)
        {
            var type = (ChunkType)(1 + random.Next(3));
            byte level = (byte)random.Next(256);
            byte[] content = new byte[random.Next(500, 140_000)];
            foreach (ref byte value in content.AsSpan()) value = (byte)random.Next(1, 5);
            ChunkKey key = ChunkHash.KeyOf(type, level, content);
            byte[] work = new byte[SealedObject.WorkSizeOf(content, ChunkCompression.Zstd)];
            int size = SealedObject.Seal(secret, ChunkCompression.Zstd, type, level, key, content, work);
            string name = type switch { ChunkType.File => "file", ChunkType.Directory => "dir", _ => "snap" };
            input.Append(name).Append(' ').Append(level).Append(' ').Append(key).Append(' ').Append(Convert.ToHexStringLower(work.AsSpan(0, size))).Append('\n');
            expected.Append(ObjectNaming.IdOf(secret, type, level, key)).Append(' ').Append(Convert.ToHexStringLower(content)).Append('\n');
        }

        Assert.Equal(expected.ToString(), GoldenVectorTests.Run(Python, Independent, input.ToString()));
    }
}
