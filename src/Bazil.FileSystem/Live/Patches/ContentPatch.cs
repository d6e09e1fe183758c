using Bazil.Core;
using Bazil.FileSystem.Nodes;
using Bazil.Unix;

namespace Bazil.FileSystem.Live;

/// <summary>
/// A small change of an open file that was synced without its content being sealed: what to do to the content in the file's Working row,
/// after the patches before it. First it is cut to the smallest size it had, then it gets its size, then the bytes.
/// <c>format (1) = 1 | smallest size | size | modify time | count | (offset | bytes) …</c>
/// <para>Invariants: the ranges are in order, none is empty, they do not overlap and end within the size; the smallest size is not above it.</para>
/// </summary>
internal sealed record ContentPatch(ulong SizeBytesMin, ulong SizeBytes, UnixTime ModifyTime, IReadOnlyList<KeyValuePair<ulong, ReadOnlyMemory<byte>>> Ranges)
{
    private const byte Format = 1;

    public byte[] Encode()
    {
        var writer = new WireWriter();
        Encode(writer);
        return writer.ToArray();
    }

    /// <summary>Writes the row in place of what the writer has.</summary>
    public void Encode(WireWriter writer)
    {
        writer.Clear();
        writer.WriteByte(Format);
        writer.WriteVariable(SizeBytesMin);
        writer.WriteVariable(SizeBytes);
        ValueCodec.WriteTime(writer, ModifyTime);
        writer.WriteVariable((ulong)Ranges.Count);
        foreach ((ulong offset, ReadOnlyMemory<byte> bytes) in Ranges)
        {
            writer.WriteVariable(offset);
            writer.WriteBytes(bytes.Span);
        }
    }

    /// <exception cref="WireFormatException">The row is damaged or of a newer version.</exception>
    public static ContentPatch Decode(ReadOnlySpan<byte> row, InodeId inode)
    {
        var reader = new WireReader(row, $"patch of inode {inode}");
        byte format = reader.ReadByte();
        if (format != Format) throw reader.Malformed($"format {format} is not known to this version");
        ulong sizeMin = reader.ReadVariable(), size = reader.ReadVariable();
        if (sizeMin > size) throw reader.Malformed($"a size of {size} is below the smallest, {sizeMin}");
        UnixTime time = ValueCodec.ReadTime(ref reader);
        var ranges = new KeyValuePair<ulong, ReadOnlyMemory<byte>>[reader.ReadCount(Limits.PatchRangesMax, itemSizeMin: 3)];
        ulong end = 0;
        int left = Limits.PatchBytesMax;
        for (int i = 0; i < ranges.Length; i++)
        {
            ulong offset = reader.ReadVariable();
            byte[] bytes = reader.ReadBytes(left).ToArray();
            left -= bytes.Length;
            if (bytes.Length == 0 || offset < end || offset > size || (ulong)bytes.Length > size - offset) throw reader.Malformed($"{bytes.Length} bytes at {offset} are out of place");
            end = offset + (ulong)bytes.Length;
            ranges[i] = KeyValuePair.Create(offset, (ReadOnlyMemory<byte>)bytes);
        }

        reader.ExpectEnd();
        return new ContentPatch(sizeMin, size, time, ranges);
    }
}
