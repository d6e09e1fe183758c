using System.Globalization;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Nodes;

namespace Bazil.Server.Snapshots;

/// <summary>Names of snapshots that nobody gave a name: by time, so that they sort by it, and legal in any file system.</summary>
internal static class SnapshotNames
{
    /// <summary>A name for a moment that no snapshot of the volume has: <c>2026-11-21T170000Z</c>, with a number behind it when the clock was set back.</summary>
    public static FileName Free(Volume volume, DateTimeOffset time, string prefix = "")
    {
        string text = prefix + time.UtcDateTime.ToString("yyyy-MM-dd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        FileName name = FileName.Parse(text);
        for (int number = 2; volume.FindSnapshot(name) is not null; number++) name = FileName.Parse(string.Create(CultureInfo.InvariantCulture, $"{text}-{number}"));
        return name;
    }
}
