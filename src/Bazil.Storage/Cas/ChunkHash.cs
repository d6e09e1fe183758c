using System.Buffers.Binary;
using Bazil.Core;
using Bazil.Core.Crypto;

namespace Bazil.Storage.Cas;

/// <summary>The name of a chunk as a function of its plaintext: <c>docs/crypto.md</c>, "Chunk key". Pure.</summary>
public static class ChunkHash
{
    /// <summary>The part of the content that counts: all of it up to the last byte that is not zero.</summary>
    public static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> content) => content[..(content.LastIndexOfAnyExcept((byte)0) + 1)];

    /// <summary>Returns the key of the content, trailing zeros disregarded; zero when there is nothing else.</summary>
    public static ChunkKey KeyOf(ChunkType type, byte level, ReadOnlySpan<byte> content)
    {
        ReadOnlySpan<byte> trimmed = Trim(content);
        if (trimmed.IsEmpty) return default;

        Span<byte> personal = stackalloc byte[Blake2b.PersonalSize];
        personal.Clear();
        "bazil:"u8.CopyTo(personal);
        NameOf(type).CopyTo(personal[6..]);
        Span<byte> salt = stackalloc byte[Blake2b.SaltSize];
        salt.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(salt, level);
        Span<byte> hash = stackalloc byte[ChunkKey.Size];
        Blake2b.Hash(trimmed, hash, salt: salt, personal: personal);
        var key = new ChunkKey(hash);
        Invariant.Check(!key.IsZero);
        return key;
    }

    /// <summary>The name of a type as it is hashed.</summary>
    internal static ReadOnlySpan<byte> NameOf(ChunkType type) => type switch
    {
        ChunkType.File => "file"u8,
        ChunkType.Directory => "dir"u8,
        ChunkType.Snapshot => "snap"u8,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "unknown chunk type"),
    };
}
