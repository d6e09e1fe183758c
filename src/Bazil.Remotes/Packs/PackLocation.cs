using System.Buffers.Binary;
using Bazil.Core;

namespace Bazil.Remotes.Packs;

/// <summary>Where an object lies. The row is pack id (16) ‖ offset (4) ‖ length (4) ‖ checksum (16) ‖ trust (1), big-endian; an older version wrote no trust, which is none.</summary>
internal readonly record struct PackLocation(PackId Pack, int Offset, int Length, ObjectChecksum Checksum, PackTrust Trust)
{
    private const int BareRowBytes = PackId.Size + sizeof(int) + sizeof(int) + ObjectChecksum.Size;
    private const int RowBytes = BareRowBytes + sizeof(PackTrust);

    /// <summary>Whether another row names the same bytes, whatever is known of them.</summary>
    public bool IsAt(in PackLocation other) => this with { Trust = other.Trust } == other;

    public byte[] ToRow()
    {
        byte[] row = new byte[RowBytes];
        Pack.Write(row);
        BinaryPrimitives.WriteInt32BigEndian(row.AsSpan(PackId.Size), Offset);
        BinaryPrimitives.WriteInt32BigEndian(row.AsSpan(PackId.Size + sizeof(int)), Length);
        Checksum.Write(row.AsSpan(BareRowBytes - ObjectChecksum.Size));
        row[BareRowBytes] = (byte)Trust;
        return row;
    }

    /// <exception cref="WireFormatException">The row is damaged.</exception>
    public static PackLocation Read(ReadOnlySpan<byte> row)
    {
        if (row.Length is not (RowBytes or BareRowBytes)) throw new WireFormatException("malformed row of an object in a pack");
        int offset = BinaryPrimitives.ReadInt32BigEndian(row[PackId.Size..]);
        int length = BinaryPrimitives.ReadInt32BigEndian(row[(PackId.Size + sizeof(int))..]);
        PackTrust trust = row.Length == RowBytes ? (PackTrust)row[BareRowBytes] : PackTrust.None;
        if (offset < 0 || length < 0 || trust > PackTrust.Damaged) throw new WireFormatException("malformed row of an object in a pack");
        return new PackLocation(PackId.Read(row), offset, length, ObjectChecksum.Read(row[(BareRowBytes - ObjectChecksum.Size)..BareRowBytes]), trust);
    }
}
