using System.Buffers.Binary;
using Bazil.Core;

namespace Bazil.Remotes.Packs;

/// <summary>What a pack holds. The row is size (8) ‖ wanted bytes (8), big-endian.</summary>
/// <param name="SizeBytes">Of its file.</param>
/// <param name="WantedBytes">Of those objects that the index finds here.</param>
internal readonly record struct PackUse(long SizeBytes, long WantedBytes)
{
    private const int RowBytes = 2 * sizeof(long);

    /// <summary>More than half of it is of no use: its wanted objects are to be moved.</summary>
    public bool IsMostlyEmpty => WantedBytes < SizeBytes / 2;

    public byte[] ToRow()
    {
        byte[] row = new byte[RowBytes];
        BinaryPrimitives.WriteInt64BigEndian(row, SizeBytes);
        BinaryPrimitives.WriteInt64BigEndian(row.AsSpan(sizeof(long)), WantedBytes);
        return row;
    }

    /// <exception cref="WireFormatException">The row is damaged.</exception>
    public static PackUse Read(ReadOnlySpan<byte> row) => row.Length == RowBytes
        ? new PackUse(BinaryPrimitives.ReadInt64BigEndian(row), BinaryPrimitives.ReadInt64BigEndian(row[sizeof(long)..]))
        : throw new WireFormatException("malformed row of a pack");
}
