using System.Buffers.Binary;
using Bazil.Core;
using Bazil.Storage.Metadata;

namespace Bazil.Storage.Collection;

/// <summary>
/// An object that nothing refers to, as found by a collection. It is readable until a later one deletes it. The row is
/// generation (BE64) ‖ size (BE32), below the object's id.
/// </summary>
/// <param name="Id">The object.</param>
/// <param name="Generation">The collection that found it unreferenced first.</param>
/// <param name="SizeBytes">Length of the object; 0 when the store does not tell.</param>
public readonly record struct Fossil(ObjectId Id, ulong Generation, uint SizeBytes)
{
    private const int RowSize = sizeof(ulong) + sizeof(uint);

    internal static ReadOnlySpan<byte> Prefix => [(byte)Table.Fossil];

    internal static byte[] KeyOf(in ObjectId id) => new MetadataKey(stackalloc byte[MetadataKey.MaxSize], Table.Fossil).Add(id).Bytes.ToArray();

    internal void Put(MetadataBatch batch)
    {
        Span<byte> row = stackalloc byte[RowSize];
        BinaryPrimitives.WriteUInt64BigEndian(row, Generation);
        BinaryPrimitives.WriteUInt32BigEndian(row[sizeof(ulong)..], SizeBytes);
        batch.Put(KeyOf(Id), row);
    }

    /// <exception cref="WireFormatException">The row is damaged.</exception>
    internal static Fossil Read(ReadOnlySpan<byte> key, ReadOnlySpan<byte> row)
    {
        if (key.Length != 1 + ObjectId.Size || row.Length != RowSize) throw new WireFormatException("malformed row of a fossil");
        return new Fossil(new ObjectId(key[1..]), BinaryPrimitives.ReadUInt64BigEndian(row), BinaryPrimitives.ReadUInt32BigEndian(row[sizeof(ulong)..]));
    }
}
