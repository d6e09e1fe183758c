using Bazil.Core;
using Bazil.FileSystem.Nodes;
using Bazil.Unix;

namespace Bazil.FileSystem.Snapshots;

/// <summary>A snapshot by its name in <c>.snap</c>. The row is <c>format (1) = 1 | key (32) | time</c>.</summary>
public sealed record SnapshotReference(FileName Name, SnapshotKey Key, UnixTime Taken)
{
    private const byte Format = 1;

    internal byte[] Encode()
    {
        var writer = new WireWriter();
        writer.WriteByte(Format);
        writer.WriteFixed(Key.Value.Span);
        ValueCodec.WriteTime(writer, Taken);
        return writer.ToArray();
    }

    internal static SnapshotReference Decode(FileName name, ReadOnlySpan<byte> row)
    {
        var reader = new WireReader(row, $"reference of snapshot {name}");
        byte format = reader.ReadByte();
        if (format != Format) throw reader.Malformed($"format {format} is not known to this version");
        var key = new SnapshotKey(reader.ReadChunkKey());
        UnixTime taken = ValueCodec.ReadTime(ref reader);
        reader.ExpectEnd();
        return new SnapshotReference(name, key, taken);
    }
}
