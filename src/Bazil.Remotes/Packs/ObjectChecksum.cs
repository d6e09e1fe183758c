using System.Buffers.Binary;
using Bazil.Core.Crypto;

namespace Bazil.Remotes.Packs;

/// <summary>BLAKE2b-128 of an object's bytes. Tells whether what is there is what would be put, and whether a part of a pack came back whole; whether it is the right object is told by its own seal.</summary>
internal readonly record struct ObjectChecksum(UInt128 Value)
{
    public const int Size = 16;

    public static ObjectChecksum Of(ReadOnlySpan<byte> bytes)
    {
        Span<byte> hash = stackalloc byte[Size];
        Blake2b.Hash(bytes, hash);
        return Read(hash);
    }

    public static ObjectChecksum Read(ReadOnlySpan<byte> bytes) => new(BinaryPrimitives.ReadUInt128BigEndian(bytes));

    public void Write(Span<byte> bytes) => BinaryPrimitives.WriteUInt128BigEndian(bytes, Value);
}
