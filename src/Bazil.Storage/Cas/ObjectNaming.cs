using System.Buffers.Binary;
using Bazil.Core;
using Bazil.Core.Crypto;

namespace Bazil.Storage.Cas;

/// <summary>Nonce and object id as functions of a chunk's name: <c>docs/crypto.md</c>, "Nonce" and "Object id". Pure.</summary>
public static class ObjectNaming
{
    /// <summary>A name is chunk key ‖ name of the type, zero padded to 16 ‖ level (LE64).</summary>
    internal const int NameSize = ChunkKey.Size + 16 + 8;

    /// <param name="nonce">Receives 24 bytes.</param>
    public static void WriteNonce(ChunkType type, byte level, in ChunkKey key, Span<byte> nonce)
    {
        if (nonce.Length != SecretBox.NonceSize) throw new ArgumentException($"a nonce has {SecretBox.NonceSize} bytes, not {nonce.Length}");
        Span<byte> name = stackalloc byte[NameSize];
        WriteName(type, level, key, name);
        Blake2b.Hash(name, nonce, personal: "bazil-crypt-nonc"u8);
    }

    public static ObjectId IdOf(SharingKey sharingKey, ChunkType type, byte level, in ChunkKey key)
    {
        Span<byte> name = stackalloc byte[NameSize];
        WriteName(type, level, key, name);
        Span<byte> id = stackalloc byte[ObjectId.Size];
        using SecretLease secret = sharingKey.Borrow();
        Blake2b.Hash(name, id, key: secret.Span, personal: "bazil-crypt-key\0"u8);
        return new ObjectId(id);
    }

    /// <param name="name">Receives 56 bytes.</param>
    internal static void WriteName(ChunkType type, byte level, in ChunkKey key, Span<byte> name)
    {
        name.Clear();
        key.Span.CopyTo(name);
        ChunkHash.NameOf(type).CopyTo(name[ChunkKey.Size..]);
        BinaryPrimitives.WriteUInt64LittleEndian(name[(ChunkKey.Size + 16)..], level);
    }
}
