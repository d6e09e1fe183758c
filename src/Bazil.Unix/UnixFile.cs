using Microsoft.Win32.SafeHandles;

namespace Bazil.Unix;

/// <summary>
/// What the framework's file classes leave out: durability, holes, atomic renames, owners. Reads and writes go through
/// <see cref="RandomAccess"/> on the same handles. All members may be called concurrently.
/// </summary>
public static partial class UnixFile
{
    /// <summary>Opens or creates a file. The caller disposes the handle.</summary>
    /// <param name="path">Relative to the working directory, or absolute.</param>
    /// <param name="flags">Without <see cref="OpenFlags.Create"/> the file must exist.</param>
    /// <param name="mode">Permission bits of a file that is created, reduced by the umask.</param>
    /// <exception cref="UnixException">The file cannot be opened.</exception>
    public static SafeFileHandle Open(string path, OpenFlags flags, uint mode = 0)
    {
        CheckPath(path, "open");
        int descriptor;
        do descriptor = Libc.OpenAt(Libc.AT_FDCWD, path, flags.ToNative(), mode);
        while (descriptor < 0 && Libc.LastError == Errno.EINTR);
        if (descriptor < 0) throw new UnixException(Libc.LastError, "open", path);
        return new SafeFileHandle(descriptor, ownsHandle: true);
    }

    /// <summary>fsync(2): on return, content and metadata of the file survive power loss. Its name in the directory does not:
    /// see <see cref="DirectoryHandle.Sync()"/>.</summary>
    /// <param name="file">Open in any mode.</param>
    /// <param name="path">For the message.</param>
    /// <exception cref="UnixException">Never retry: the kernel may have dropped the pages it could not write.</exception>
    public static void Sync(SafeFileHandle file, string path)
    {
        int result;
        do result = Libc.Fsync(file);
        while (result < 0 && Libc.LastError == Errno.EINTR);
        Check(result, "sync", path);
    }

    /// <summary>fdatasync(2): as <see cref="Sync"/>, without times that no read needs.</summary>
    public static void SyncData(SafeFileHandle file, string path)
    {
        int result;
        do result = Libc.Fdatasync(file);
        while (result < 0 && Libc.LastError == Errno.EINTR);
        Check(result, "sync", path);
    }

    /// <summary>Gives the range back to the file system; it reads as zeros and the size stays.</summary>
    /// <returns>False where the file system cannot punch holes (FAT, some network file systems); nothing was changed.</returns>
    public static bool TryPunchHole(SafeFileHandle file, long offset, long length, string path)
    {
        int result;
        do result = Libc.Fallocate(file, Libc.FALLOC_FL_PUNCH_HOLE | Libc.FALLOC_FL_KEEP_SIZE, offset, length);
        while (result < 0 && Libc.LastError == Errno.EINTR);
        if (result < 0 && Libc.LastError == Errno.EOPNOTSUPP) return false;
        Check(result, "punch a hole in", path);
        return true;
    }

    /// <summary>Reserves space for the range, growing the file if it is shorter.</summary>
    /// <exception cref="UnixException">Among others <see cref="Errno.ENOSPC"/>: nothing is reserved then.</exception>
    public static void Allocate(SafeFileHandle file, long offset, long length, string path)
    {
        int result;
        do result = Libc.Fallocate(file, 0, offset, length);
        while (result < 0 && Libc.LastError == Errno.EINTR);
        Check(result, "reserve space for", path);
    }

    /// <summary>Cuts the file, or grows it with zeros.</summary>
    public static void Truncate(SafeFileHandle file, long sizeBytes, string path) =>
        Check(Libc.Ftruncate(file, sizeBytes), "truncate", path);

    /// <summary>Bytes the file occupies on disk, holes not counted.</summary>
    public static long AllocatedBytes(SafeFileHandle file, string path) => (long)Stat(file, path).Blocks * 512;

    /// <summary>The numeric owner.</summary>
    public static uint Owner(SafeFileHandle file, string path) => Stat(file, path).Owner;

    /// <summary>Length, and when it was last changed.</summary>
    public static (long SizeBytes, UnixTime ModifyTime) Describe(SafeFileHandle file, string path)
    {
        Libc.StatxBuffer found = Stat(file, path);
        return ((long)found.Size, new UnixTime(found.ModifySeconds, found.ModifyNanoseconds));
    }

    /// <summary>Renames atomically, replacing a file that is in the way. Durable after a sync of the directories.</summary>
    public static void Rename(string from, string to) => Rename(from, to, RenameMode.Replace);

    /// <summary>renameat2(2).</summary>
    /// <exception cref="UnixException"><see cref="Errno.EEXIST"/> for <see cref="RenameMode.NoReplace"/> when the name is taken.</exception>
    public static void Rename(string from, string to, RenameMode mode)
    {
        CheckPath(from, "rename");
        CheckPath(to, "rename to");
        Check(Libc.RenameAt2(Libc.AT_FDCWD, from, Libc.AT_FDCWD, to, (uint)mode), "rename", $"{from} to {to}");
    }

    internal static Libc.StatxBuffer Stat(SafeFileHandle file, string path)
    {
        Check(Libc.Statx(file, "", Libc.AT_EMPTY_PATH, Libc.STATX_BASIC_STATS, out Libc.StatxBuffer result), "stat", path);
        return result;
    }

    internal static void Check(int result, string what, string path)
    {
        if (result < 0) throw new UnixException(Libc.LastError, what, path);
    }

    /// <summary>A NUL would silently end the path in C, so that another file would be meant.</summary>
    internal static void CheckPath(string path, string what)
    {
        if (path.Contains('\0')) throw new UnixException(Errno.EINVAL, what, path.Replace('\0', '?'));
    }
}
