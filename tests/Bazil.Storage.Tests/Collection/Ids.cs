using System.Buffers.Binary;
using Bazil.Core;
using Bazil.Core.Crypto;

namespace Bazil.Storage.Tests.Collection;

/// <summary>Object ids by number, as evenly spread as real ones.</summary>
internal static class Ids
{
    public static ObjectId Of(int number)
    {
        Span<byte> input = stackalloc byte[sizeof(int)], id = stackalloc byte[ObjectId.Size];
        BinaryPrimitives.WriteInt32LittleEndian(input, number);
        Blake2b.Hash(input, id);
        return new ObjectId(id);
    }
}
