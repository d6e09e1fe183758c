using Bazil.Core;
using Bazil.FileSystem.Nodes;

namespace Bazil.FileSystem.Live;

/// <summary>
/// Content of a file that is open for writing, saved but not published, and the value it was derived from: after a crash
/// it replaces that value and no other. <c>format (1) = 1 | content | flag (1) | content it was derived from, when 1</c>
/// </summary>
internal sealed record WorkingContent(ContentValue Value, ContentValue? Seen)
{
    private const byte Format = 1;

    public byte[] Encode()
    {
        var writer = new WireWriter();
        writer.WriteByte(Format);
        ValueCodec.WriteContent(writer, Value);
        writer.WriteByte(Seen is null ? (byte)0 : (byte)1);
        if (Seen is not null) ValueCodec.WriteContent(writer, Seen);
        return writer.ToArray();
    }

    public static WorkingContent Decode(ReadOnlySpan<byte> row, InodeId inode)
    {
        var reader = new WireReader(row, $"working content of inode {inode}");
        byte format = reader.ReadByte();
        if (format != Format) throw reader.Malformed($"format {format} is not known to this version");
        ContentValue value = ValueCodec.ReadContent(ref reader);
        ContentValue? seen = reader.ReadByte() == 0 ? null : ValueCodec.ReadContent(ref reader);
        reader.ExpectEnd();
        return new WorkingContent(value, seen);
    }
}
