using System.Text;
using Bazil.FileSystem.Live;
using Bazil.Server.Config;
using Bazil.Server.Errors;
using Bazil.Server.Volumes;

namespace Bazil.Server.Commands;

/// <summary>
/// Which volumes and paths a command is about. With a volume, paths count from its root; without, they are absolute paths in mounted volumes, or
/// nothing at all for everything. What people give may be a path as it is, or as lists show it.
/// </summary>
internal sealed class PathSelection
{
    private readonly List<(Volume Volume, string Path)> _paths = [];

    private PathSelection(IReadOnlyList<Volume> volumes) => Volumes = volumes;

    /// <summary>The volumes to look in, by name.</summary>
    public IReadOnlyList<Volume> Volumes { get; }

    /// <summary>The paths that were given, without slashes at their ends; the root is empty.</summary>
    public IReadOnlyList<(Volume Volume, string Path)> Paths => _paths;

    /// <exception cref="CommandFailedException">There is no such volume, or a path leads to none.</exception>
    public static async Task<PathSelection> CreateAsync(ConfigStore config, VolumeRegistry registry, string? volume, IReadOnlyList<string> paths, CancellationToken cancel)
    {
        if (volume is not null)
        {
            Volume only = (await registry.OpenAsync(config.GetVolume(volume).Id, cancel)).Volume;
            var named = new PathSelection([only]);
            named._paths.AddRange(paths.Select(path => (only, path.Trim('/'))));
            return named;
        }

        if (paths.Count == 0)
        {
            var all = new List<Volume>();
            foreach (VolumeConfig other in config.ListVolumes().OrderBy(static v => v.Name, StringComparer.Ordinal)) all.Add((await registry.OpenAsync(other.Id, cancel)).Volume);
            return new PathSelection(all);
        }

        List<(Volume Volume, string Path)> mounted = [.. paths.Select(path => Find(registry, path))];
        var selection = new PathSelection([.. mounted.Select(static entry => entry.Volume).Distinct()]);
        selection._paths.AddRange(mounted);
        return selection;
    }

    /// <summary>Whether a path is one that was given, or below one; the index of the first such, or -1. Everything is when nothing was given.</summary>
    public int Find(Volume volume, ReadOnlySpan<byte> path)
    {
        if (_paths.Count == 0) return 0;
        string shown = PathText.Of(path), plain = Encoding.UTF8.GetString(path);
        return _paths.FindIndex(entry => entry.Volume == volume && (IsWithin(shown, entry.Path) || IsWithin(plain, entry.Path)));
    }

    private static bool IsWithin(string path, string given) => given.Length == 0 || path == given || path.StartsWith(given + "/", StringComparison.Ordinal);

    private static (Volume Volume, string Path) Find(VolumeRegistry registry, string path)
    {
        (Volume volume, string mountpoint) = registry.FindMounted(path)
            ?? throw new CommandFailedException(ErrorKind.NotFound, $"{path} is not in a mounted volume of this node", "see where volumes are mounted: bazil volume list; of one that is not mounted, name it with -volume=VOLUMENAME and give paths from its root");
        return (volume, path[mountpoint.Length..].Trim('/'));
    }
}
