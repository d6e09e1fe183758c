using Bazil.Core;
using Bazil.FileSystem.Checking;

namespace Bazil.Server.Checking;

/// <summary>
/// What is remembered of checks of a volume. The row is <c>format (1) = 1 | next slice (4) | finished, Unix seconds (8), 0 for never |
/// of the finished one: chunks, read, healed, lost paths (8 each), first lost path | the same five of the scrub under way</c>.
/// </summary>
internal sealed record CheckRecord(int NextSlice, DateTimeOffset? FinishedAt, CheckTotals Finished, CheckTotals UnderWay)
{
    private const byte Format = 1;

    public static CheckRecord Empty { get; } = new(0, null, CheckTotals.None, CheckTotals.None);

    /// <summary>After a full check, or the last slice of a scrub.</summary>
    public CheckRecord WithFinished(CheckTotals totals, DateTimeOffset at) => this with { FinishedAt = at, Finished = totals };

    /// <summary>After a slice of a scrub.</summary>
    public CheckRecord WithSlice(CheckReport report, DateTimeOffset at)
    {
        CheckTotals sum = UnderWay.Plus(report);
        return NextSlice + 1 < Limits.ScrubSliceCount
            ? this with { NextSlice = NextSlice + 1, UnderWay = sum }
            : new CheckRecord(0, at, sum, CheckTotals.None);
    }

    public byte[] Encode()
    {
        var writer = new WireWriter();
        writer.WriteByte(Format);
        writer.WriteUInt32((uint)NextSlice);
        writer.WriteUInt64((ulong)(FinishedAt?.ToUnixTimeSeconds() ?? 0));
        Finished.Write(writer);
        UnderWay.Write(writer);
        return writer.ToArray();
    }

    /// <exception cref="WireFormatException">Damaged, or of a newer version.</exception>
    public static CheckRecord Decode(ReadOnlySpan<byte> row)
    {
        var reader = new WireReader(row, "record of checks");
        byte format = reader.ReadByte();
        if (format != Format) throw reader.Malformed($"format {format} is not known to this version");
        uint slice = reader.ReadUInt32();
        ulong seconds = reader.ReadUInt64();
        if (slice >= Limits.ScrubSliceCount || seconds > (ulong)DateTimeOffset.MaxValue.ToUnixTimeSeconds()) throw reader.Malformed("a number is out of range");
        CheckTotals finished = CheckTotals.Read(ref reader);
        CheckTotals underWay = CheckTotals.Read(ref reader);
        reader.ExpectEnd();
        return new CheckRecord((int)slice, seconds == 0 ? null : DateTimeOffset.FromUnixTimeSeconds((long)seconds), finished, underWay);
    }
}
