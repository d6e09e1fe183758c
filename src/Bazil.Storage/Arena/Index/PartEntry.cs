using System.Buffers.Binary;

namespace Bazil.Storage.Arena.Index;

/// <summary>One part in the directory of an index file.</summary>
/// <param name="FirstKey">Keys in the parts before it.</param>
/// <param name="FirstCopy">Further copies in the parts before it.</param>
/// <param name="FilterOffset">From the start of the filters.</param>
/// <param name="FilterChecksum">CRC-32C of its filter.</param>
/// <param name="LocationsChecksum">CRC-32C of its locations and copies.</param>
/// <param name="IdsChecksum">CRC-32C of its ids.</param>
internal readonly record struct PartEntry(
    uint FirstKey, uint FirstCopy, uint FilterOffset, uint FilterChecksum, uint LocationsChecksum, uint IdsChecksum)
{
    public const int SizeBytes = 24;

    public static PartEntry Read(ReadOnlySpan<byte> bytes) => new(
        BinaryPrimitives.ReadUInt32LittleEndian(bytes),
        BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]),
        BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]),
        BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..]),
        BinaryPrimitives.ReadUInt32LittleEndian(bytes[16..]),
        BinaryPrimitives.ReadUInt32LittleEndian(bytes[20..]));

    public void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, FirstKey);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[4..], FirstCopy);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[8..], FilterOffset);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[12..], FilterChecksum);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[16..], LocationsChecksum);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[20..], IdsChecksum);
    }
}
