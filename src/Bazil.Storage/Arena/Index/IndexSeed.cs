using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using Bazil.Core;

namespace Bazil.Storage.Arena.Index;

/// <summary>
/// A secret that mixes ids. Ids are uniform when they were made by honest nodes, but a peer may put objects under ids of its
/// choice; under a seed it does not know, no two ids it picks collide with a probability above 2^-64 (the NH family of UMAC:
/// Black, Halevi, Krawczyk, Krovetz, Rogaway, 1999), whatever it picks.
/// </summary>
internal readonly record struct IndexSeed(ulong Key0, ulong Key1, ulong Key2, ulong Key3)
{
    public const int SizeBytes = 32;

    public static IndexSeed Create(IEntropy entropy)
    {
        Span<byte> bytes = stackalloc byte[SizeBytes];
        entropy.Fill(bytes);
        return Read(bytes);
    }

    public static IndexSeed Read(ReadOnlySpan<byte> bytes) => new(
        BinaryPrimitives.ReadUInt64LittleEndian(bytes),
        BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]),
        BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]),
        BinaryPrimitives.ReadUInt64LittleEndian(bytes[24..]));

    public void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, Key0);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[8..], Key1);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[16..], Key2);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[24..], Key3);
    }

    public IndexHash Hash(in ObjectId id)
    {
        ReadOnlySpan<byte> bytes = id.Span;
        ulong high = Math.BigMul(
            BinaryPrimitives.ReadUInt64LittleEndian(bytes) + Key0,
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]) + Key1,
            out ulong low);
        ulong high2 = Math.BigMul(
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]) + Key2,
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[24..]) + Key3,
            out ulong low2);
        low += low2;
        high += high2 + (low < low2 ? 1UL : 0UL);

        // From here on one to one: 128 bits that differ stay different.
        ulong place = Mix(low ^ Mix(high));
        return new IndexHash(place, Mix(high ^ BitOperations.RotateLeft(place, 32)));
    }

    /// <summary>The finaliser of splitmix64 (Steele, Lea, Flood, 2014): one to one, each input bit reaches each output bit.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
