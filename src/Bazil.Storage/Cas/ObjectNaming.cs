using System.Buffers.Binary;
using Bazil.Core;
using Bazil.Core.Crypto;

namespace Bazil.Storage.Cas;

/// <summary>Nonce and object id as functions of a chunk's name: <c>docs/crypto.md</c>, "Nonce" and "Object id". Pure.</summary>
public static class ObjectNaming
{
    /// <summary>Both are hashes over chunk key ‖ name of the type, zero padded to 16 ‖ level (LE64).</summary>
    private const int InputSize = ChunkKey.Size + 16 + 8;

    /// <param name="nonce">Receives 24 bytes.</param>
    public static void WriteNonce(ChunkType type, byte level, in ChunkKey key, Span<byte> nonce)
    {
        if (nonce.Length != SecretBox.NonceSize) throw new ArgumentException($"a nonce has {SecretBox.NonceSize} bytes, not {nonce.Length}");
        Span<byte> input = stackalloc byte[InputSize];
        WriteInput(type, level, key, input);
        Blake2b.Hash(input, nonce, personal: "bazil-crypt-nonc"u8);
    }

    public static ObjectId IdOf(SharingKey sharingKey, ChunkType type, byte level, in ChunkKey key)
    {
        Span<byte> input = stackalloc byte[InputSize];
        WriteInput(type, level, key, input);
        Span<byte> id = stackalloc byte[ObjectId.Size];
        using SecretLease secret = sharingKey.Borrow();
        Blake2b.Hash(input, id, key: secret.Span, personal: "bazil-crypt-key\0"u8);
        return new ObjectId(id);
    }

    private static void WriteInput(ChunkType type, byte level, in ChunkKey key, Span<byte> input)
    {
        input.Clear();
        key.Span.CopyTo(input);
        ChunkHash.NameOf(type).CopyTo(input[ChunkKey.Size..]);
        BinaryPrimitives.WriteUInt64LittleEndian(input[(ChunkKey.Size + 16)..], level);
    }
}
