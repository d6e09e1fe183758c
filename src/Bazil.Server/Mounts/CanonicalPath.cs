using Bazil.Server.Errors;

namespace Bazil.Server.Mounts;

/// <summary>Paths without symbolic links. Only readlink(2) is used on the last part, which asks nothing of a file system that is mounted there, dead or alive.</summary>
public static class CanonicalPath
{
    /// <summary>As many as the kernel follows (path_resolution(7)).</summary>
    private const int LinksMax = 40;

    /// <summary>Follows all symbolic links. Parts that do not exist stay as they are. Call it from a client, never from the server: the path may lead through the server's own mounts.</summary>
    /// <param name="path">Absolute, without <c>.</c> and <c>..</c>.</param>
    /// <exception cref="CommandFailedException">The links run in a circle.</exception>
    public static string Resolve(string path)
    {
        var pending = new Stack<string>(path.Split('/', StringSplitOptions.RemoveEmptyEntries).Reverse());
        string resolved = "/";
        int links = 0;
        while (pending.TryPop(out string? part))
        {
            if (part == ".") continue;
            if (part == "..")
            {
                resolved = Path.GetDirectoryName(resolved) ?? "/";
                continue;
            }

            string next = Path.Combine(resolved, part);
            string? target = new FileInfo(next).LinkTarget;
            if (target is null)
            {
                resolved = next;
                continue;
            }

            if (++links > LinksMax) throw new CommandFailedException(ErrorKind.Invalid, $"cannot resolve {path}: too many levels of symbolic links");
            if (target.StartsWith('/')) resolved = "/";
            foreach (string step in target.Split('/', StringSplitOptions.RemoveEmptyEntries).Reverse()) pending.Push(step);
        }

        return resolved;
    }
}
