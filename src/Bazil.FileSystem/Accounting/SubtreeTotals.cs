using Bazil.Core;
using Bazil.FileSystem.Nodes;
using Bazil.Unix;

namespace Bazil.FileSystem.Accounting;

/// <summary>
/// What lies below a directory, the directory itself not included; or by how much that changes, and then the numbers may be negative.
/// Bytes count modulo 2^64, so that sums come out right in any order, also on the way past files that claim more than there is room for.
/// <para>Row: <c>format (1) = 1 | bytes | files | directories | change time</c>, the numbers zigzag and variable-length.</para>
/// </summary>
/// <param name="Bytes">Sizes of file contents and symlink targets.</param>
/// <param name="Files">Nodes that are no directories.</param>
/// <param name="Directories">Directories.</param>
/// <param name="ChangeTime">The newest change; joined by taking the later one, and so never taken back.</param>
internal readonly record struct SubtreeTotals(long Bytes, long Files, long Directories, UnixTime ChangeTime)
{
    private const byte Format = 1;

    /// <summary>Earlier than any change.</summary>
    public static readonly UnixTime Never = new(long.MinValue, 0);

    public static readonly SubtreeTotals Nothing = new(0, 0, 0, Never);

    /// <summary>True when adding it moves no number; the time may still be news.</summary>
    public bool IsZero => Bytes == 0 && Files == 0 && Directories == 0;

    public static SubtreeTotals At(UnixTime time) => Nothing with { ChangeTime = time };

    public SubtreeTotals Add(in SubtreeTotals other) => unchecked(new(
        Bytes + other.Bytes,
        Files + other.Files,
        Directories + other.Directories,
        ChangeTime.CompareTo(other.ChangeTime) >= 0 ? ChangeTime : other.ChangeTime));

    /// <summary>Takes the numbers away; the time stays.</summary>
    public SubtreeTotals Without(in SubtreeTotals other) => unchecked(this with
    {
        Bytes = Bytes - other.Bytes,
        Files = Files - other.Files,
        Directories = Directories - other.Directories,
    });

    public void Write(WireWriter writer)
    {
        writer.Clear();
        writer.WriteByte(Format);
        writer.WriteVariable(Zigzag(Bytes));
        writer.WriteVariable(Zigzag(Files));
        writer.WriteVariable(Zigzag(Directories));
        ValueCodec.WriteTime(writer, ChangeTime);
    }

    /// <exception cref="WireFormatException">The row is damaged or of a newer version.</exception>
    public static SubtreeTotals Read(ReadOnlySpan<byte> row)
    {
        var reader = new WireReader(row, "subtree totals");
        byte format = reader.ReadByte();
        if (format != Format) throw reader.Malformed($"format {format} is not known to this version");
        var totals = new SubtreeTotals(
            Unzigzag(reader.ReadVariable()), Unzigzag(reader.ReadVariable()), Unzigzag(reader.ReadVariable()), ValueCodec.ReadTime(ref reader));
        reader.ExpectEnd();
        return totals;
    }

    private static ulong Zigzag(long value) => unchecked((ulong)((value << 1) ^ (value >> 63)));

    private static long Unzigzag(ulong value) => unchecked((long)(value >> 1) ^ -(long)(value & 1));
}
