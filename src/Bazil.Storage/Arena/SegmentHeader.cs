using System.Buffers.Binary;

namespace Bazil.Storage.Arena;

/// <summary>
/// The first 64 bytes of a segment.
/// <code>
///   offset  size
///   0       8     "BAZSEGMT"
///   8       4     version, 1
///   12      4     number of the segment
///   16      16    id of the store
///   32      8     stamp: random, so that a segment is told from any other that ever had its number
///   40      20    zero
///   60      4     CRC-32C of the above
/// </code>
/// </summary>
internal readonly record struct SegmentHeader(uint Number, UInt128 StoreId, ulong Stamp)
{
    public const int SizeBytes = ArenaLimits.BlockSizeBytes;
    public const int Version = 1;

    private const ulong Magic = 0x544D4745535A4142; // "BAZSEGMT"
    private const int ChecksumOffset = 60;

    /// <summary>
    /// What the checksums of a segment's records start from: a function of store and number alone, so that the records stay
    /// readable when this header is lost.
    /// </summary>
    public static uint SaltOf(UInt128 storeId, uint number)
    {
        Span<byte> bytes = stackalloc byte[20];
        BinaryPrimitives.WriteUInt128LittleEndian(bytes, storeId);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[16..], number);
        return Checksum.Compute(bytes);
    }

    public void Write(Span<byte> bytes)
    {
        bytes[..SizeBytes].Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, Magic);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[8..], Version);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[12..], Number);
        BinaryPrimitives.WriteUInt128LittleEndian(bytes[16..], StoreId);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[32..], Stamp);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[ChecksumOffset..], Checksum.Compute(bytes[..ChecksumOffset]));
    }

    /// <summary>False when the bytes are no intact header. The version is returned even of one from the future.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out SegmentHeader header, out int version)
    {
        header = default;
        version = 0;
        if (bytes.Length < SizeBytes || BinaryPrimitives.ReadUInt64LittleEndian(bytes) != Magic) return false;
        if (BinaryPrimitives.ReadUInt32LittleEndian(bytes[ChecksumOffset..]) != Checksum.Compute(bytes[..ChecksumOffset])) return false;
        version = BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]);
        header = new SegmentHeader(
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..]),
            BinaryPrimitives.ReadUInt128LittleEndian(bytes[16..]),
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[32..]));
        return true;
    }
}
