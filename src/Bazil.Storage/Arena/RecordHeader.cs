using System.Buffers.Binary;
using Bazil.Core;

namespace Bazil.Storage.Arena;

/// <summary>
/// The first 64 bytes of a record; the object follows, then zeros up to the next multiple of 64.
/// <code>
///   offset  size
///   0       4     "BAZR"
///   4       1     kind
///   5       3     zero
///   8       4     length of the object
///   12      4     checksum of the object
///   16      32    id
///   48      8     how far the segment was known to be synced when the record was written
///   56      4     zero
///   60      4     CRC-32C, under the salt of the segment, of the block number (4 bytes) and the 60 bytes above
/// </code>
/// The salt makes a header valid only in the place where it was written: bytes inside an object, however chosen, and
/// records of another segment are not mistaken for records when a scan has lost its way.
/// </summary>
internal readonly record struct RecordHeader(RecordKind Kind, int Length, uint PayloadChecksum, ObjectId Id, long SyncedBytes)
{
    public const int SizeBytes = ArenaLimits.BlockSizeBytes;

    private const uint Magic = 0x525A4142; // "BAZR"
    private const int ChecksumOffset = 60;

    /// <summary>Bytes from the start of this record to the start of the next.</summary>
    public long RecordSizeBytes => SizeOf(Length);

    public static long SizeOf(int length) => SizeBytes + Padded(length);

    public static int PaddingOf(int length) => (int)(Padded(length) - length);

    public void Write(Span<byte> bytes, uint salt, uint block)
    {
        bytes[..SizeBytes].Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, Magic);
        bytes[4] = (byte)Kind;
        BinaryPrimitives.WriteInt32LittleEndian(bytes[8..], Length);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[12..], PayloadChecksum);
        Id.Span.CopyTo(bytes[16..]);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[48..], SyncedBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[ChecksumOffset..], ChecksumOf(bytes, salt, block));
    }

    /// <summary>False when this is no header, or not one that was written here.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, uint salt, uint block, out RecordHeader header)
    {
        header = default;
        if (bytes.Length < SizeBytes || BinaryPrimitives.ReadUInt32LittleEndian(bytes) != Magic) return false;
        if (BinaryPrimitives.ReadUInt32LittleEndian(bytes[ChecksumOffset..]) != ChecksumOf(bytes, salt, block)) return false;
        var kind = (RecordKind)bytes[4];
        int length = BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]);
        long synced = BinaryPrimitives.ReadInt64LittleEndian(bytes[48..]);
        if (kind is < RecordKind.Live or > RecordKind.Mark || length < 0 || synced < 0) return false;
        if (kind is RecordKind.Live or RecordKind.Damaged && length > Stores.ObjectLimits.ObjectSizeBytesMax) return false;
        header = new RecordHeader(
            kind, length, BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..]), new ObjectId(bytes.Slice(16, ObjectId.Size)), synced);
        return true;
    }

    private static uint ChecksumOf(ReadOnlySpan<byte> bytes, uint salt, uint block)
    {
        Span<byte> place = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(place, block);
        return Checksum.Compute(bytes[..ChecksumOffset], Checksum.Compute(place, salt));
    }

    private static long Padded(int length) => ((long)length + ArenaLimits.BlockSizeBytes - 1) & -ArenaLimits.BlockSizeBytes;
}
