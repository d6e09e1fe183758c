using Microsoft.Win32.SafeHandles;

namespace Bazil.Unix;

/// <summary>Directories and files that only their owner may read: keys, the database, the control socket.</summary>
public static class PrivatePath
{
    private const uint DirectoryMode = 0b111_000_000;
    private const uint FileMode = 0b110_000_000;
    private const uint OthersMask = 0b000_111_111;

    /// <summary>
    /// Makes a directory of mode 0700, or takes over an existing one: it must be a real directory (no symbolic link)
    /// that belongs to this user; permissions of group and others are removed. Parents must exist.
    /// </summary>
    /// <returns>True when it was created by this call.</returns>
    /// <exception cref="UnixException">Not possible; <see cref="Errno.EPERM"/> when it belongs to someone else.</exception>
    public static bool CreateDirectory(string path)
    {
        UnixFile.CheckPath(path, "create");
        bool created = Libc.Mkdir(path, DirectoryMode) == 0;
        if (!created && Libc.LastError is var error and not Errno.EEXIST) throw new UnixException(error, "create", path);
        using SafeFileHandle handle = UnixFile.Open(path, OpenFlags.ReadOnly | OpenFlags.Directory | OpenFlags.NoFollow);
        Restrict(handle, path, DirectoryMode);
        return created;
    }

    /// <summary>Creates a file of mode 0600 for reading and writing. The caller disposes the handle.</summary>
    /// <exception cref="UnixException"><see cref="Errno.EEXIST"/> when the name is taken, even by a dangling link.</exception>
    public static SafeFileHandle CreateFile(string path)
    {
        SafeFileHandle handle = UnixFile.Open(
            path, OpenFlags.ReadWrite | OpenFlags.Create | OpenFlags.Exclusive | OpenFlags.NoFollow, FileMode);
        try
        {
            Restrict(handle, path, FileMode);
            return handle;
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    private static void Restrict(SafeFileHandle handle, string path, uint mode)
    {
        Libc.StatxBuffer stat = UnixFile.Stat(handle, path);
        if (stat.Owner != UnixUser.EffectiveUserId) throw new UnixException(Errno.EPERM, "use", $"{path}, which belongs to user {stat.Owner}");
        if ((stat.Mode & OthersMask) != 0) UnixFile.Check(Libc.Fchmod(handle, mode), "restrict the permissions of", path);
    }
}
