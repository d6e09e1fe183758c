using System.Buffers.Binary;

namespace Bazil.Storage.Arena;

/// <summary>
/// The file <c>catalog</c>: which segments there are and how full they are, so that opening the store need not look into
/// them. It is replaced as a whole, and may lag behind: a segment that it does not name is scanned.
/// <code>
///   offset  size
///   0       8     "BAZCATLG"
///   8       4     version, 1
///   12      16    id of the store
///   28      4     number of the next segment: numbers are never used again
///   32      4     number of entries
///   36      56 each: number (4), flags (4: 1 retired, 2 being compacted, 4 closed), stamp (8), length (8),
///           objects (8), live bytes (8), dead bytes (8), damaged records (4), zero (4)
///   end     4     CRC-32C of the above
/// </code>
/// </summary>
internal static class SegmentCatalog
{
    public const string FileName = "catalog";
    public const int Version = 1;

    private const ulong Magic = 0x474C5441435A4142; // "BAZCATLG"
    private const int HeaderSizeBytes = 36;
    private const int EntrySizeBytes = 56;
    private const int RetiredFlag = 1;
    private const int CompactedFlag = 2;
    private const int ClosedFlag = 4;

    public static byte[] Write(UInt128 storeId, uint nextNumber, IReadOnlyCollection<CatalogEntry> entries)
    {
        byte[] bytes = new byte[HeaderSizeBytes + (entries.Count * EntrySizeBytes) + sizeof(uint)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, Magic);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(8), Version);
        BinaryPrimitives.WriteUInt128LittleEndian(bytes.AsSpan(12), storeId);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(28), nextNumber);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(32), entries.Count);
        int offset = HeaderSizeBytes;
        foreach (CatalogEntry entry in entries)
        {
            Span<byte> target = bytes.AsSpan(offset, EntrySizeBytes);
            BinaryPrimitives.WriteUInt32LittleEndian(target, entry.Number);
            BinaryPrimitives.WriteInt32LittleEndian(target[4..], (entry.IsRetired ? RetiredFlag : 0) | (entry.IsBeingCompacted ? CompactedFlag : 0) | (entry.IsClosed ? ClosedFlag : 0));
            BinaryPrimitives.WriteUInt64LittleEndian(target[8..], entry.Stamp);
            BinaryPrimitives.WriteInt64LittleEndian(target[16..], entry.LengthBytes);
            BinaryPrimitives.WriteInt64LittleEndian(target[24..], entry.ObjectCount);
            BinaryPrimitives.WriteInt64LittleEndian(target[32..], entry.LiveBytes);
            BinaryPrimitives.WriteInt64LittleEndian(target[40..], entry.DeadBytes);
            BinaryPrimitives.WriteInt32LittleEndian(target[48..], entry.DamagedCount);
            offset += EntrySizeBytes;
        }

        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(offset), Checksum.Compute(bytes.AsSpan(0, offset)));
        return bytes;
    }

    /// <summary>What an intact catalog, of whatever version, says about itself.</summary>
    public static bool TryReadIdentity(ReadOnlySpan<byte> bytes, out int version, out UInt128 storeId)
    {
        version = 0;
        storeId = default;
        if (bytes.Length < HeaderSizeBytes + sizeof(uint) || BinaryPrimitives.ReadUInt64LittleEndian(bytes) != Magic) return false;
        if (BinaryPrimitives.ReadUInt32LittleEndian(bytes[^sizeof(uint)..]) != Checksum.Compute(bytes[..^sizeof(uint)])) return false;
        version = BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]);
        storeId = BinaryPrimitives.ReadUInt128LittleEndian(bytes[12..]);
        return true;
    }

    /// <summary>Null when the bytes are no intact catalog of this store.</summary>
    public static IReadOnlyList<CatalogEntry>? TryRead(ReadOnlySpan<byte> bytes, UInt128 storeId, out uint nextNumber)
    {
        nextNumber = 0;
        if (!TryReadIdentity(bytes, out int version, out UInt128 foundId) || version != Version || foundId != storeId) return null;
        nextNumber = BinaryPrimitives.ReadUInt32LittleEndian(bytes[28..]);
        int count = BinaryPrimitives.ReadInt32LittleEndian(bytes[32..]);
        if (count is < 0 or > ArenaLimits.SegmentCountMax || bytes.Length != HeaderSizeBytes + ((long)count * EntrySizeBytes) + sizeof(uint)) return null;
        var entries = new List<CatalogEntry>(count);
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> source = bytes.Slice(HeaderSizeBytes + (i * EntrySizeBytes), EntrySizeBytes);
            int flags = BinaryPrimitives.ReadInt32LittleEndian(source[4..]);
            entries.Add(new CatalogEntry(
                BinaryPrimitives.ReadUInt32LittleEndian(source),
                (flags & RetiredFlag) != 0,
                (flags & ClosedFlag) != 0,
                (flags & CompactedFlag) != 0,
                BinaryPrimitives.ReadUInt64LittleEndian(source[8..]),
                BinaryPrimitives.ReadInt64LittleEndian(source[16..]),
                BinaryPrimitives.ReadInt64LittleEndian(source[24..]),
                BinaryPrimitives.ReadInt64LittleEndian(source[32..]),
                BinaryPrimitives.ReadInt64LittleEndian(source[40..]),
                BinaryPrimitives.ReadInt32LittleEndian(source[48..])));
        }

        return entries;
    }
}
