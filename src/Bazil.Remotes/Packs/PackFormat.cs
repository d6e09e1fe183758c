using System.Buffers.Binary;
using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.Storage.Stores;

namespace Bazil.Remotes.Packs;

/// <summary>
/// A pack: the bytes of its objects one after the other, then its directory. Integers are big-endian.
/// <code>
/// object bytes …
/// directory: for each object  id (32)  length (4)  checksum (16)
/// trailer:   "BAZPACK1" (8)  number of objects (4)  BLAKE2b-256 of directory and the 12 bytes before (32)
/// </code>
/// The directory lies at the end so that a pack is written in one go; a reader fetches the end first.
/// </summary>
internal static class PackFormat
{
    public const int TrailerBytes = 8 + sizeof(uint) + HashBytes;
    public const int EntryBytes = ObjectId.Size + sizeof(uint) + ObjectChecksum.Size;

    private const int HashBytes = 32;

    private static ReadOnlySpan<byte> Magic => "BAZPACK1"u8;

    /// <summary>How long directory and trailer of so many objects are.</summary>
    public static int TailBytes(int count) => count * EntryBytes + TrailerBytes;

    /// <summary>Writes directory and trailer. The entries lie one after the other from the beginning of the pack.</summary>
    public static void WriteTail(IReadOnlyList<PackEntry> entries, Span<byte> tail)
    {
        Invariant.Check(tail.Length == TailBytes(entries.Count));
        Span<byte> rest = tail;
        foreach (PackEntry entry in entries)
        {
            entry.Id.Span.CopyTo(rest);
            BinaryPrimitives.WriteInt32BigEndian(rest[ObjectId.Size..], entry.Length);
            entry.Checksum.Write(rest[(ObjectId.Size + sizeof(uint))..]);
            rest = rest[EntryBytes..];
        }

        Magic.CopyTo(rest);
        BinaryPrimitives.WriteInt32BigEndian(rest[Magic.Length..], entries.Count);
        Blake2b.Hash(tail[..^HashBytes], tail[^HashBytes..]);
    }

    /// <summary>How many objects a trailer names.</summary>
    /// <exception cref="WireFormatException">It is no trailer, or names more than a pack of this size can hold.</exception>
    public static int ReadCount(ReadOnlySpan<byte> trailer, long packSizeBytes)
    {
        if (trailer.Length != TrailerBytes || !trailer.StartsWith(Magic)) throw new WireFormatException("it does not end as a pack does");
        uint count = BinaryPrimitives.ReadUInt32BigEndian(trailer[Magic.Length..]);
        if (count > Limits.PackObjects || TailBytes((int)count) > packSizeBytes) throw new WireFormatException($"its end names {count} objects, more than it can hold");
        return (int)count;
    }

    /// <summary>Reads directory and trailer.</summary>
    /// <exception cref="WireFormatException">They are damaged, or do not fit the size of the pack.</exception>
    public static PackEntry[] ReadTail(ReadOnlySpan<byte> tail, long packSizeBytes)
    {
        int count = ReadCount(tail[^TrailerBytes..], packSizeBytes);
        Span<byte> hash = stackalloc byte[HashBytes];
        Blake2b.Hash(tail[..^HashBytes], hash);
        if (tail.Length != TailBytes(count) || !hash.SequenceEqual(tail[^HashBytes..])) throw new WireFormatException("its directory is damaged");
        var entries = new PackEntry[count];
        long offset = 0;
        for (int index = 0; index < count; index++)
        {
            ReadOnlySpan<byte> entry = tail.Slice(index * EntryBytes, EntryBytes);
            int length = BinaryPrimitives.ReadInt32BigEndian(entry[ObjectId.Size..]);
            if (length is < 0 or > ObjectLimits.ObjectSizeBytesMax || offset + length > packSizeBytes - tail.Length) throw new WireFormatException("its directory names bytes beyond its end");
            entries[index] = new PackEntry(new ObjectId(entry[..ObjectId.Size]), (int)offset, length, ObjectChecksum.Read(entry[(ObjectId.Size + sizeof(uint))..]));
            offset += length;
        }

        if (offset != packSizeBytes - tail.Length) throw new WireFormatException("its directory does not account for all of its bytes");
        return entries;
    }
}
