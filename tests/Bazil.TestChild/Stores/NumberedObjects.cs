using System.Buffers.Binary;
using Bazil.Core;
using Bazil.Core.Crypto;

namespace Bazil.TestChild.Stores;

/// <summary>Objects that follow from a number, so that whoever finds one knows what it must be.</summary>
public static class NumberedObjects
{
    private const int SizeBytesMax = 20_000;

    public static ObjectId IdOf(int writer, int number)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, writer);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[4..], number);
        Span<byte> hash = stackalloc byte[ObjectId.Size];
        Blake2b.Hash(bytes, hash);
        return new ObjectId(hash);
    }

    public static byte[] ContentOf(int writer, int number)
    {
        var random = new Random((writer * 1_000_003) + number);
        byte[] content = new byte[random.Next(4) == 0 ? random.Next(SizeBytesMax) : random.Next(1, 2000)];
        random.NextBytes(content);
        return content;
    }
}
