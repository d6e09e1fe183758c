using Bazil.Core;
using Bazil.FileSystem.Nodes;

namespace Bazil.FileSystem.Reachability;

/// <summary>
/// Content that a pull brought while there were fossils, whatever became of it since (<c>docs/gc.md</c>, "What a pull brings").
/// The row is <c>format (1) = 1 | inode (8) | content</c>.
/// </summary>
internal readonly record struct AdoptedContent(InodeId Inode, ContentValue Value)
{
    private const byte Format = 1;

    public byte[] Encode()
    {
        var writer = new WireWriter();
        writer.WriteByte(Format);
        writer.WriteUInt64(Inode.Value);
        ValueCodec.WriteContent(writer, Value);
        return writer.ToArray();
    }

    public static AdoptedContent Decode(ReadOnlySpan<byte> row)
    {
        var reader = new WireReader(row, "adopted content");
        byte format = reader.ReadByte();
        if (format != Format) throw reader.Malformed($"format {format} is not known to this version");
        var adopted = new AdoptedContent(new InodeId(reader.ReadUInt64()), ValueCodec.ReadContent(ref reader));
        reader.ExpectEnd();
        return adopted;
    }
}
