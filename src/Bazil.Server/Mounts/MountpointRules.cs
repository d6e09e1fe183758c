using System.Text;
using Bazil.Server.Errors;

namespace Bazil.Server.Mounts;

/// <summary>
/// What is checked of a mount point by its name alone, before anything looks at it: looking at one's own mount would wait for oneself.
/// The rest (existence, kind, emptiness, other mounts) is checked by the mount itself.
/// </summary>
internal static class MountpointRules
{
    /// <param name="path">Absolute and canonical.</param>
    /// <param name="ownMountpoints">Where this process has volumes mounted.</param>
    /// <exception cref="CommandFailedException">It is not an absolute path, or on or within one of our mounts.</exception>
    public static void Check(string path, IEnumerable<string> ownMountpoints)
    {
        if (!path.StartsWith('/') || path.Contains('\0') || Encoding.UTF8.GetByteCount(path) > Limits.PathBytesMax)
        {
            throw new CommandFailedException(ErrorKind.Invalid, $"mount point \"{path}\" is not an absolute path");
        }

        foreach (string own in ownMountpoints)
        {
            if (path == own) throw new CommandFailedException(ErrorKind.Busy, $"mount point {path}: a volume is mounted there already", "see: bazil volume list");
            if (path.StartsWith(own + "/", StringComparison.Ordinal))
            {
                throw new CommandFailedException(ErrorKind.Invalid, $"mount point {path} is inside a mounted volume ({own})", "choose a directory outside of it");
            }
        }
    }
}
