using System.Buffers.Binary;
using Bazil.Core;

namespace Bazil.Remotes.Packs;

/// <summary>What a pack holds. The row is size (8) ‖ wanted bytes (8) ‖ flags (1), big-endian; an older version wrote no flags: then it counts as another node's.</summary>
/// <param name="SizeBytes">Of its file.</param>
/// <param name="WantedBytes">Of those objects that the index finds here.</param>
/// <param name="IsOwn">This node wrote it. Only such packs are removed: what others need of theirs is not known here.</param>
/// <param name="HasSpare">It has objects that the index finds elsewhere: they count when those are lost.</param>
internal readonly record struct PackUse(long SizeBytes, long WantedBytes, bool IsOwn, bool HasSpare)
{
    private const int BareRowBytes = 2 * sizeof(long);
    private const int RowBytes = BareRowBytes + 1;
    private const byte OwnFlag = 1, SpareFlag = 2;

    /// <summary>More than half of it is of no use: its wanted objects are to be moved.</summary>
    public bool IsMostlyEmpty => WantedBytes < SizeBytes / 2;

    public byte[] ToRow()
    {
        byte[] row = new byte[RowBytes];
        BinaryPrimitives.WriteInt64BigEndian(row, SizeBytes);
        BinaryPrimitives.WriteInt64BigEndian(row.AsSpan(sizeof(long)), WantedBytes);
        row[BareRowBytes] = (byte)((IsOwn ? OwnFlag : 0) | (HasSpare ? SpareFlag : 0));
        return row;
    }

    /// <exception cref="WireFormatException">The row is damaged.</exception>
    public static PackUse Read(ReadOnlySpan<byte> row)
    {
        if (row.Length is not (RowBytes or BareRowBytes)) throw new WireFormatException("malformed row of a pack");
        int flags = row.Length == RowBytes ? row[BareRowBytes] : SpareFlag;
        return new PackUse(BinaryPrimitives.ReadInt64BigEndian(row), BinaryPrimitives.ReadInt64BigEndian(row[sizeof(long)..]), (flags & OwnFlag) != 0, (flags & SpareFlag) != 0);
    }
}
