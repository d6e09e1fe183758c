using System.Text;
using Bazil.Core;
using Bazil.FileSystem.Live;
using Bazil.Storage.Metadata;

namespace Bazil.FileSystem.Pins;

/// <summary>
/// The rows of what is pinned in a volume (<see cref="Table.Pin"/>), not replicated. Key: <c>kind (1)</c>, then for kind 0 a node id, for kind 1 a pattern in UTF-8. Value: <c>format (1) = 1 | seconds since 1970 (8)</c>.
/// </summary>
internal static class PinRows
{
    private const byte Format = 1, NodeKind = 0, PatternKind = 1;

    public static byte[] KeyOf(VolumeTables tables, NodeId node) => tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.Pin).Add([NodeKind]).Add(node).Bytes.ToArray();

    public static byte[] KeyOf(VolumeTables tables, PinPattern pattern) =>
        tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.Pin).Add([PatternKind]).Add(Encoding.UTF8.GetBytes(pattern.Text)).Bytes.ToArray();

    public static byte[] ValueOf(DateTimeOffset since)
    {
        var writer = new WireWriter();
        writer.WriteByte(Format);
        writer.WriteUInt64((ulong)Math.Max(0, since.ToUnixTimeSeconds()));
        return writer.ToArray();
    }

    /// <exception cref="WireFormatException">A row is damaged or of a newer version.</exception>
    public static List<(NodeId Node, PinPattern? Pattern, DateTimeOffset Since)> ReadAll(VolumeTables tables)
    {
        var pins = new List<(NodeId, PinPattern?, DateTimeOffset)>();
        byte[] prefix = tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.Pin).Bytes.ToArray();
        using IMetadataCursor cursor = tables.Reader.ScanPrefix(prefix);
        while (cursor.MoveNext())
        {
            var reader = new WireReader(cursor.Value, "row of a pin");
            byte format = reader.ReadByte();
            if (format != Format) throw reader.Malformed($"format {format} is not known to this version");
            DateTimeOffset since = DateTimeOffset.FromUnixTimeSeconds((long)Math.Min(reader.ReadUInt64(), uint.MaxValue));
            reader.ExpectEnd();
            ReadOnlySpan<byte> name = cursor.Key[prefix.Length..];
            if (name.Length == 1 + NodeId.Size && name[0] == NodeKind) pins.Add((NodeId.Read(name[1..]), null, since));
            else if (name.Length > 1 && name[0] == PatternKind && PinPattern.TryParse(Encoding.UTF8.GetString(name[1..]), out PinPattern? pattern)) pins.Add((default, pattern, since));
            else throw new WireFormatException("malformed row of a pin");
        }

        return pins;
    }
}
