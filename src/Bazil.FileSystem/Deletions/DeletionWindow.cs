using Bazil.Core;
using Bazil.Unix;

namespace Bazil.FileSystem.Deletions;

/// <summary>
/// How many files others deleted within the last day, by the hour: the row <c>deletions</c> of the volume's values,
/// <c>format (1) = 1 | count, each hour since 1970 and files</c>. Immutable.
/// </summary>
internal sealed class DeletionWindow
{
    private const byte Format = 1;
    private const long Hours = 24;
    private const int SecondsPerHour = 3600;

    public static readonly DeletionWindow Empty = new([]);

    private readonly SortedDictionary<long, long> _hours;

    private DeletionWindow(SortedDictionary<long, long> hours) => _hours = hours;

    public static DeletionWindow Decode(ReadOnlySpan<byte> row)
    {
        var reader = new WireReader(row, "deletions of the last day");
        byte format = reader.ReadByte();
        if (format != Format) throw reader.Malformed($"format {format} is not known to this version");
        var hours = new SortedDictionary<long, long>();
        for (int left = reader.ReadCount((int)Hours + 1, 2); left > 0; left--) hours[unchecked((long)reader.ReadVariable())] = unchecked((long)reader.ReadVariable());
        reader.ExpectEnd();
        return new DeletionWindow(hours);
    }

    public byte[] Encode()
    {
        var writer = new WireWriter();
        writer.WriteByte(Format);
        writer.WriteVariable((ulong)_hours.Count);
        foreach ((long hour, long files) in _hours)
        {
            writer.WriteVariable(unchecked((ulong)hour));
            writer.WriteVariable(unchecked((ulong)files));
        }

        return writer.ToArray();
    }

    public long Count(UnixTime now) => Recent(HourOf(now)).Sum(static entry => entry.Value);

    public DeletionWindow With(UnixTime now, long files)
    {
        long hour = HourOf(now);
        var hours = new SortedDictionary<long, long>(Recent(hour).ToDictionary());
        hours[hour] = hours.GetValueOrDefault(hour) + files;
        return new DeletionWindow(hours);
    }

    private static long HourOf(UnixTime time) => time.Seconds / SecondsPerHour;

    /// <summary>A clock that was set back does not make hours to come count.</summary>
    private IEnumerable<KeyValuePair<long, long>> Recent(long hour) => _hours.Where(entry => entry.Key <= hour && entry.Key > hour - Hours);
}
