using Bazil.Core;
using Bazil.FileSystem.Nodes;
using Bazil.Unix;

namespace Bazil.FileSystem.Live;

/// <summary>
/// The row of a file whose newest state is not shown because a program has it open for writing: <c>format (1) = 1 | since (12)</c>. Rows of older
/// versions are a text and tell no time.
/// </summary>
internal static class PendingRow
{
    private const byte Format = 1;

    public static byte[] Encode(UnixTime since)
    {
        var writer = new WireWriter();
        writer.WriteByte(Format);
        ValueCodec.WriteTime(writer, since);
        return writer.ToArray();
    }

    public static UnixTime? DecodeSince(ReadOnlySpan<byte> row)
    {
        var reader = new WireReader(row, "pending change");
        if (reader.ReadByte() != Format) return null;
        UnixTime since = ValueCodec.ReadTime(ref reader);
        reader.ExpectEnd();
        return since;
    }
}
