using System.Buffers.Binary;
using Bazil.Core;

namespace Bazil.Remotes.Packs;

/// <summary>Where an object lies. The row is pack id (16) ‖ offset (4) ‖ length (4) ‖ checksum (16), big-endian.</summary>
internal readonly record struct PackLocation(PackId Pack, int Offset, int Length, ObjectChecksum Checksum)
{
    private const int RowBytes = PackId.Size + sizeof(int) + sizeof(int) + ObjectChecksum.Size;

    public byte[] ToRow()
    {
        byte[] row = new byte[RowBytes];
        Pack.Write(row);
        BinaryPrimitives.WriteInt32BigEndian(row.AsSpan(PackId.Size), Offset);
        BinaryPrimitives.WriteInt32BigEndian(row.AsSpan(PackId.Size + sizeof(int)), Length);
        Checksum.Write(row.AsSpan(RowBytes - ObjectChecksum.Size));
        return row;
    }

    /// <exception cref="WireFormatException">The row is damaged.</exception>
    public static PackLocation Read(ReadOnlySpan<byte> row)
    {
        if (row.Length != RowBytes) throw new WireFormatException("malformed row of an object in a pack");
        int offset = BinaryPrimitives.ReadInt32BigEndian(row[PackId.Size..]);
        int length = BinaryPrimitives.ReadInt32BigEndian(row[(PackId.Size + sizeof(int))..]);
        if (offset < 0 || length < 0) throw new WireFormatException("malformed row of an object in a pack");
        return new PackLocation(PackId.Read(row), offset, length, ObjectChecksum.Read(row[(RowBytes - ObjectChecksum.Size)..]));
    }
}
