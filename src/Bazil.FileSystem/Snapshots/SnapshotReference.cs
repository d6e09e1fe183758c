using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.FileSystem.Nodes;
using Bazil.Unix;

namespace Bazil.FileSystem.Snapshots;

/// <summary>
/// A snapshot by its name in <c>.snap</c>. The row is <c>format (1) = 3 | key (32) | time | oldest key epoch | origin (1)</c>; format 2
/// lacks the last, format 1 the last two.
/// </summary>
/// <param name="Name">Its name.</param>
/// <param name="Key">Its root.</param>
/// <param name="Taken">When.</param>
/// <param name="OldestKeyEpoch">Number of the oldest sharing-key epoch under which something in it may be sealed.</param>
/// <param name="Origin">Who wanted it.</param>
public sealed record SnapshotReference(FileName Name, SnapshotKey Key, UnixTime Taken, uint OldestKeyEpoch, SnapshotOrigin Origin = SnapshotOrigin.Person)
{
    private const byte Format = 3;
    private const byte FormatWithoutOrigin = 2;
    private const byte FormatWithoutEpoch = 1;

    /// <summary>Format, key, time, two numbers of at most ten bytes.</summary>
    internal const int BytesMax = 64;

    internal byte[] Encode()
    {
        var writer = new WireWriter();
        writer.WriteByte(Format);
        writer.WriteFixed(Key.Value.Span);
        ValueCodec.WriteTime(writer, Taken);
        writer.WriteVariable(OldestKeyEpoch);
        writer.WriteByte((byte)Origin);
        return writer.ToArray();
    }

    internal static SnapshotReference Decode(FileName name, ReadOnlySpan<byte> row)
    {
        var reader = new WireReader(row, $"reference of snapshot {name}");
        byte format = reader.ReadByte();
        if (format is not (Format or FormatWithoutOrigin or FormatWithoutEpoch)) throw reader.Malformed($"format {format} is not known to this version");
        var key = new SnapshotKey(reader.ReadChunkKey());
        UnixTime taken = ValueCodec.ReadTime(ref reader);
        ulong epoch = format == FormatWithoutEpoch ? KeyEpoch.FoundingNumber : reader.ReadVariable();
        byte origin = format == Format ? reader.ReadByte() : (byte)SnapshotOrigin.Person;
        if (!Enum.IsDefined((SnapshotOrigin)origin)) throw reader.Malformed($"origin {origin} is not known to this version");
        reader.ExpectEnd();
        return epoch <= uint.MaxValue ? new SnapshotReference(name, key, taken, (uint)epoch, (SnapshotOrigin)origin) : throw reader.Malformed($"key epoch {epoch} is beyond 32 bits");
    }
}
