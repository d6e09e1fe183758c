using System.Buffers.Binary;

namespace Bazil.Storage.Arena.Index;

/// <summary>
/// The start of an index file; numbers are little-endian.
/// <code>
///   0    8   magic "bazilidx"
///   8    4   version, 1
///   12   4   segment count
///   16   4   key count
///   20   4   copy count
///   24   4   part count
///   28   4   size of the filters
///   32   32  seed
///   64   4   CRC-32C of the directory and the segments
///   68   4   CRC-32C of the 68 bytes before
/// </code>
/// Then, without gaps, to the end of the file: ids, locations, filters, directory, segments.
/// </summary>
internal readonly record struct IndexHeader(
    int SegmentCount, uint KeyCount, uint CopyCount, int PartCount, uint FiltersSizeBytes, IndexSeed Seed, uint DirectoryChecksum)
{
    public const int SizeBytes = 72;
    public const int LocationSizeBytes = 6;
    public const int CopySizeBytes = 8;
    public const int SegmentSizeBytes = 12;
    private const uint FormatVersion = 1;
    private const int ChecksumOffset = 68;

    private static ReadOnlySpan<byte> Magic => "bazilidx"u8;

    public static long IdsOffset => SizeBytes;

    public long LocationsOffset => IdsOffset + ((long)KeyCount * Core.ObjectId.Size);

    public long FiltersOffset => LocationsOffset + ((long)KeyCount * LocationSizeBytes) + ((long)CopyCount * CopySizeBytes);

    public long DirectoryOffset => FiltersOffset + FiltersSizeBytes;

    public long DirectorySizeBytes => ((long)PartCount * PartEntry.SizeBytes) + ((long)SegmentCount * SegmentSizeBytes);

    public long FileSizeBytes => DirectoryOffset + DirectorySizeBytes;

    public void Write(Span<byte> bytes)
    {
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[8..], FormatVersion);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[12..], SegmentCount);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[16..], KeyCount);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[20..], CopyCount);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[24..], PartCount);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[28..], FiltersSizeBytes);
        Seed.Write(bytes[32..]);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[64..], DirectoryChecksum);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[ChecksumOffset..], Checksum.Compute(bytes[..ChecksumOffset]));
    }

    /// <exception cref="DamagedIndexException">Not such a header, or its numbers do not fit the size of the file.</exception>
    /// <exception cref="Stores.StoreException">Whole, but of a newer version.</exception>
    public static IndexHeader Read(ReadOnlySpan<byte> bytes, long fileSizeBytes, string path)
    {
        if (!bytes.StartsWith(Magic)) throw new DamagedIndexException(path, "it does not start as an index file does");
        if (BinaryPrimitives.ReadUInt32LittleEndian(bytes[ChecksumOffset..]) != Checksum.Compute(bytes[..ChecksumOffset]))
        {
            throw new DamagedIndexException(path, "the checksum of its header does not match");
        }

        uint version = BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]);
        if (version != FormatVersion) throw new Stores.StoreException($"index file {path} has format {version}, made by a newer version of bazil");
        var header = new IndexHeader(
            BinaryPrimitives.ReadInt32LittleEndian(bytes[12..]),
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[16..]),
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[20..]),
            BinaryPrimitives.ReadInt32LittleEndian(bytes[24..]),
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[28..]),
            IndexSeed.Read(bytes[32..]),
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[64..]));
        bool isSane = header.SegmentCount is >= 0 and <= IndexLimits.SegmentsPerFileMax
            && header.PartCount >= 1 && header.KeyCount <= IndexLimits.KeysPerFileMax && header.FiltersSizeBytes <= int.MaxValue;
        if (!isSane) throw new DamagedIndexException(path, "the numbers in its header are out of bounds");
        if (header.FileSizeBytes != fileSizeBytes) throw new DamagedIndexException(path, $"it should have {header.FileSizeBytes} bytes and has {fileSizeBytes}");
        return header;
    }
}
