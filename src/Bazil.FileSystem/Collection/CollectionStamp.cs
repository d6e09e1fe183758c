using Bazil.Core;
using Bazil.FileSystem.Nodes;
using Bazil.Unix;

namespace Bazil.FileSystem.Collection;

/// <summary>
/// What this replica of a volume knew when the last collection of garbage looked for what is referred to. The row is
/// <c>format (1) = 1 | generation (8) | since (12) | knowledge</c>.
/// </summary>
/// <param name="Generation">The number of the collection; 0 for none.</param>
/// <param name="Since">When the first collection was that the members do not agree with yet.</param>
/// <param name="Knowledge">What was known, unfinished pulls included.</param>
internal sealed record CollectionStamp(ulong Generation, UnixTime Since, Knowledge Knowledge)
{
    private const byte Format = 1;

    public static readonly CollectionStamp None = new(0, default, Knowledge.Empty);

    public byte[] Encode()
    {
        var writer = new WireWriter();
        writer.WriteByte(Format);
        writer.WriteUInt64(Generation);
        ValueCodec.WriteTime(writer, Since);
        KnowledgeCodec.Write(writer, Knowledge);
        return writer.ToArray();
    }

    public static CollectionStamp Decode(ReadOnlySpan<byte> row)
    {
        var reader = new WireReader(row, "stamp of a collection");
        byte format = reader.ReadByte();
        if (format != Format) throw reader.Malformed($"format {format} is not known to this version");
        var stamp = new CollectionStamp(reader.ReadUInt64(), ValueCodec.ReadTime(ref reader), KnowledgeCodec.Read(ref reader));
        reader.ExpectEnd();
        return stamp;
    }
}
