using System.Text;
using Bazil.FileSystem.Nodes;
using Bazil.Server.Errors;

namespace Bazil.Server.Snapshots;

/// <summary>Paths from the root of a volume, as people write them: slashes at the ends do not matter.</summary>
internal static class VolumePaths
{
    /// <exception cref="CommandFailedException">A part of it is no file name.</exception>
    public static FileName[] Parse(string path)
    {
        var names = new List<FileName>();
        foreach (string part in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (!FileName.TryCreate(Encoding.UTF8.GetBytes(part), out FileName name))
            {
                throw new CommandFailedException(ErrorKind.Invalid, $"invalid path \"{path}\": \"{part}\" is no file name", "give the path from the root of the volume, without . and ..");
            }

            names.Add(name);
        }

        return [.. names];
    }

    public static string Text(IEnumerable<FileName> path) => string.Join('/', path);
}
