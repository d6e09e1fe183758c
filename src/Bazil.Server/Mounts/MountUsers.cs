using System.Globalization;

namespace Bazil.Server.Mounts;

/// <summary>
/// The processes that stand in a mount or have files of it open, as /proc tells (proc(5)). Nothing is asked of the mount itself. Processes of
/// others are not seen by a server that is not root.
/// </summary>
internal static class MountUsers
{
    private static readonly string[] Links = ["cwd", "root", "exe"];

    /// <summary>Their names and numbers, such as <c>bash (123)</c>, without this process; at most <paramref name="max"/>.</summary>
    public static List<string> Find(string mountpoint, int max)
    {
        var users = new List<string>();
        foreach (string process in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(process), NumberStyles.None, CultureInfo.InvariantCulture, out int id) || id == Environment.ProcessId) continue;
            if (!Uses(process, mountpoint)) continue;
            users.Add($"{NameOf(process)} ({id})");
            if (users.Count == max) break;
        }

        return users;
    }

    private static bool Uses(string process, string mountpoint)
    {
        try
        {
            return Links.Any(link => IsWithin($"{process}/{link}", mountpoint))
                || Directory.EnumerateFileSystemEntries($"{process}/fd").Any(file => IsWithin(file, mountpoint))
                || File.ReadLines($"{process}/maps").Any(line => line.Contains($" {mountpoint}/", StringComparison.Ordinal));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false; // it has ended, or is somebody else's
        }
    }

    private static bool IsWithin(string link, string mountpoint) =>
        new FileInfo(link).LinkTarget is { } target && (target == mountpoint || target.StartsWith($"{mountpoint}/", StringComparison.Ordinal));

    private static string NameOf(string process)
    {
        try
        {
            return File.ReadAllText($"{process}/comm").TrimEnd();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "process";
        }
    }
}
