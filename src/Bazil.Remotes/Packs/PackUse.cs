using System.Buffers.Binary;
using Bazil.Core;

namespace Bazil.Remotes.Packs;

/// <summary>
/// What a pack holds. The row is size (8) ‖ wanted bytes (8) ‖ flags (1) ‖ wanted objects (4), big-endian; an older version wrote no count, and one before it no flags: then it counts as another node's.
/// </summary>
/// <param name="SizeBytes">Of its file.</param>
/// <param name="WantedBytes">Of those objects that the index finds here.</param>
/// <param name="WantedObjects">How many these are.</param>
/// <param name="IsOwn">This node wrote it.</param>
/// <param name="HasSpare">It has objects that the index finds elsewhere: they count when those are lost.</param>
/// <param name="IsDoomed">Some node has announced that it removes the pack. For good: what is in it is read, but counts as no copy.</param>
internal readonly record struct PackUse(long SizeBytes, long WantedBytes, int WantedObjects, bool IsOwn, bool HasSpare, bool IsDoomed = false)
{
    private const int BareRowBytes = 2 * sizeof(long);
    private const int FlaggedRowBytes = BareRowBytes + 1;
    private const int RowBytes = FlaggedRowBytes + sizeof(int);
    private const byte OwnFlag = 1, SpareFlag = 2, DoomedFlag = 4;

    /// <summary>More than half of it is of no use: its wanted objects are to be moved.</summary>
    public bool IsMostlyEmpty => WantedBytes < SizeBytes / 2;

    public byte[] ToRow()
    {
        byte[] row = new byte[RowBytes];
        BinaryPrimitives.WriteInt64BigEndian(row, SizeBytes);
        BinaryPrimitives.WriteInt64BigEndian(row.AsSpan(sizeof(long)), WantedBytes);
        row[BareRowBytes] = (byte)((IsOwn ? OwnFlag : 0) | (HasSpare ? SpareFlag : 0) | (IsDoomed ? DoomedFlag : 0));
        BinaryPrimitives.WriteInt32BigEndian(row.AsSpan(FlaggedRowBytes), WantedObjects);
        return row;
    }

    /// <summary>Without some of its objects.</summary>
    public PackUse Less(PackShare lost) => this with { WantedBytes = WantedBytes - lost.Bytes, WantedObjects = Math.Max(0, WantedObjects - lost.Objects), HasSpare = true };

    /// <exception cref="WireFormatException">The row is damaged.</exception>
    public static PackUse Read(ReadOnlySpan<byte> row)
    {
        if (row.Length is not (RowBytes or FlaggedRowBytes or BareRowBytes)) throw new WireFormatException("malformed row of a pack");
        int flags = row.Length > BareRowBytes ? row[BareRowBytes] : SpareFlag;
        int objects = row.Length == RowBytes ? BinaryPrimitives.ReadInt32BigEndian(row[FlaggedRowBytes..]) : 0;
        return new PackUse(BinaryPrimitives.ReadInt64BigEndian(row), BinaryPrimitives.ReadInt64BigEndian(row[sizeof(long)..]), objects, (flags & OwnFlag) != 0, (flags & SpareFlag) != 0, (flags & DoomedFlag) != 0);
    }
}
