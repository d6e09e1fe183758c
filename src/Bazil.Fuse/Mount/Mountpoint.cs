using Bazil.Unix;

namespace Bazil.Fuse.Mount;

/// <summary>The directory a file system is to appear at: whether it can, and clearing away what a dead one left there.</summary>
internal static class Mountpoint
{
    /// <summary>A live file system answers at once; one that does not within this time is alive and busy, and left alone.</summary>
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(5);

    /// <summary>The kernel's own bound for one path.</summary>
    private const int MaxLinks = 40;

    /// <summary>The path as the mount table spells it. A dead mount at it is taken away.</summary>
    /// <exception cref="FuseMountException">It does not exist, is no directory, holds something, or is mounted already.</exception>
    internal static async Task<string> PrepareAsync(string mountpoint, IMounter mounter, FuseLog log, CancellationToken cancellationToken)
    {
        var path = Resolve(mountpoint);
        while (MountTable.TryFind(path, out var mount))
        {
            if (!mount.IsFuse || await StatAsync(path, cancellationToken) != Errno.ENOTCONN)
            {
                throw new FuseMountException(
                    FuseMountFailure.AlreadyMounted, path, $"already mounted ({mount.Type}); unmount it first or choose another directory");
            }

            log(FuseLogLevel.Warning, $"{path}: taking away the mount of a process that died", null);
            mounter.Unmount(path);
        }

        Check(path);
        return path;
    }

    private static void Check(string path)
    {
        try
        {
            if (File.Exists(path)) throw new FuseMountException(FuseMountFailure.NotADirectory, path, "not a directory");
            if (Directory.EnumerateFileSystemEntries(path).Any())
                throw new FuseMountException(FuseMountFailure.NotEmpty, path, "not empty; its content would be hidden");
        }
        catch (DirectoryNotFoundException exception)
        {
            throw new FuseMountException(FuseMountFailure.Missing, path, "does not exist; create it first", exception);
        }
        catch (UnauthorizedAccessException exception)
        {
            throw new FuseMountException(FuseMountFailure.NotPermitted, path, "not allowed to look into it", exception);
        }
    }

    /// <summary>Absolute and free of symbolic links, without asking whatever is mounted at the end of it.</summary>
    private static string Resolve(string mountpoint)
    {
        var path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(mountpoint));
        for (var links = 0; links < MaxLinks; links++)
        {
            if (!TryExpandFirstLink(path, out var expanded)) return path;
            path = Path.TrimEndingDirectorySeparator(expanded);
        }

        throw new FuseMountException(FuseMountFailure.Failed, mountpoint, "too many symbolic links");
    }

    private static bool TryExpandFirstLink(string path, out string expanded)
    {
        expanded = path;
        for (var end = 0; end < path.Length;)
        {
            end = path.IndexOf('/', end + 1);
            if (end < 0) end = path.Length;
            try
            {
                // readlink(2) is answered by the kernel for what is not a link, also where nobody serves the mount.
                if (new FileInfo(path[..end]).LinkTarget is not { } target) continue;
                var parent = Path.GetDirectoryName(path[..end]) ?? "/";
                expanded = Path.GetFullPath(Path.Combine(parent, target, path[end..].TrimStart('/')));
                return true;
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                return false; // What cannot be read is not followed; the checks that come will name the reason.
            }
        }

        return false;
    }

    /// <summary>What the mounted file system says to a stat: ENOTCONN when nobody serves it any more.</summary>
    private static async Task<Errno> StatAsync(string path, CancellationToken cancellationToken)
    {
        // On a thread of its own: when the file system hangs, so does the stat.
        var answer = Task.Factory.StartNew(() => Stat(path), cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        try
        {
            return await answer.WaitAsync(AnswerTime, cancellationToken);
        }
        catch (TimeoutException)
        {
            return Errno.ETIMEDOUT;
        }
    }

    private static Errno Stat(string path)
    {
        // Forced: attributes that the kernel remembers would tell nothing.
        var result = Libc.Statx(Libc.AT_FDCWD, path, Libc.AT_STATX_FORCE_SYNC, Libc.STATX_BASIC_STATS, out _);
        return result < 0 ? Libc.LastError : Errno.OK;
    }
}
