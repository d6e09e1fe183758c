using System.Text;
using Bazil.Core;
using Bazil.FileSystem.Checking;

namespace Bazil.Server.Checking;

/// <summary>The sums that are kept of a check.</summary>
/// <param name="FirstLostPath">Empty when nothing was lost.</param>
internal sealed record CheckTotals(long ChunkCount, long ReadCount, long HealedCount, long LostPathCount, string FirstLostPath)
{
    private const int PathBytesMax = 1 << 16;

    public static CheckTotals None { get; } = new(0, 0, 0, 0, "");

    public static CheckTotals Of(CheckReport report) => None.Plus(report);

    public CheckTotals Plus(CheckReport report) => new(
        ChunkCount + report.ChunkCount,
        ReadCount + report.ReadCount,
        HealedCount + report.HealedCount,
        LostPathCount + report.LostPathCount,
        FirstLostPath.Length > 0 || report.Lost.Count == 0 ? FirstLostPath : report.Lost[0].Path);

    public void Write(WireWriter writer)
    {
        writer.WriteUInt64((ulong)ChunkCount);
        writer.WriteUInt64((ulong)ReadCount);
        writer.WriteUInt64((ulong)HealedCount);
        writer.WriteUInt64((ulong)LostPathCount);
        byte[] path = Encoding.UTF8.GetBytes(FirstLostPath);
        writer.WriteBytes(path.AsSpan(0, Math.Min(path.Length, PathBytesMax)));
    }

    public static CheckTotals Read(ref WireReader reader) => new(
        (long)reader.ReadUInt64(),
        (long)reader.ReadUInt64(),
        (long)reader.ReadUInt64(),
        (long)reader.ReadUInt64(),
        Encoding.UTF8.GetString(reader.ReadBytes(PathBytesMax)));
}
