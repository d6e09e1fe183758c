using System.Runtime.InteropServices;

namespace Bazil.TestChild.Posix;

/// <summary>System calls as programs make them. Paths end with NUL; failures are -1 and leave the reason in errno.</summary>
internal static partial class Libc
{
    private const string Library = "libc";

    [LibraryImport(Library, EntryPoint = "open", SetLastError = true)]
    internal static partial int Open(byte[] path, int flags, uint mode);

    [LibraryImport(Library, EntryPoint = "close", SetLastError = true)]
    internal static partial int Close(int descriptor);

    [LibraryImport(Library, EntryPoint = "pread", SetLastError = true)]
    internal static partial nint Read(int descriptor, Span<byte> buffer, nint count, long offset);

    [LibraryImport(Library, EntryPoint = "pwrite", SetLastError = true)]
    internal static partial nint Write(int descriptor, ReadOnlySpan<byte> buffer, nint count, long offset);

    [LibraryImport(Library, EntryPoint = "lseek", SetLastError = true)]
    internal static partial long Seek(int descriptor, long offset, int whence);

    [LibraryImport(Library, EntryPoint = "truncate", SetLastError = true)]
    internal static partial int Truncate(byte[] path, long size);

    [LibraryImport(Library, EntryPoint = "ftruncate", SetLastError = true)]
    internal static partial int Truncate(int descriptor, long size);

    [LibraryImport(Library, EntryPoint = "fsync", SetLastError = true)]
    internal static partial int Sync(int descriptor);

    [LibraryImport(Library, EntryPoint = "fallocate", SetLastError = true)]
    internal static partial int Allocate(int descriptor, int mode, long offset, long length);

    [LibraryImport(Library, EntryPoint = "copy_file_range", SetLastError = true)]
    internal static partial nint CopyRange(int source, ref long sourceOffset, int target, ref long targetOffset, nint length, uint flags);

    [LibraryImport(Library, EntryPoint = "mkdir", SetLastError = true)]
    internal static partial int MakeDirectory(byte[] path, uint mode);

    [LibraryImport(Library, EntryPoint = "rmdir", SetLastError = true)]
    internal static partial int RemoveDirectory(byte[] path);

    [LibraryImport(Library, EntryPoint = "unlink", SetLastError = true)]
    internal static partial int Unlink(byte[] path);

    [LibraryImport(Library, EntryPoint = "renameat2", SetLastError = true)]
    internal static partial int Rename(int from, byte[] path, int to, byte[] newPath, uint flags);

    [LibraryImport(Library, EntryPoint = "linkat", SetLastError = true)]
    internal static partial int Link(int from, byte[] path, int to, byte[] newPath, int flags);

    [LibraryImport(Library, EntryPoint = "symlink", SetLastError = true)]
    internal static partial int MakeSymlink(byte[] target, byte[] path);

    [LibraryImport(Library, EntryPoint = "readlink", SetLastError = true)]
    internal static partial nint ReadLink(byte[] path, Span<byte> buffer, nint size);

    [LibraryImport(Library, EntryPoint = "mknod", SetLastError = true)]
    internal static partial int MakeNode(byte[] path, uint mode, ulong device);

    [LibraryImport(Library, EntryPoint = "chmod", SetLastError = true)]
    internal static partial int ChangeMode(byte[] path, uint mode);

    [LibraryImport(Library, EntryPoint = "fchmod", SetLastError = true)]
    internal static partial int ChangeMode(int descriptor, uint mode);

    [LibraryImport(Library, EntryPoint = "lchown", SetLastError = true)]
    internal static partial int ChangeOwner(byte[] path, uint user, uint group);

    [LibraryImport(Library, EntryPoint = "fchown", SetLastError = true)]
    internal static partial int ChangeOwner(int descriptor, uint user, uint group);

    [LibraryImport(Library, EntryPoint = "utimensat", SetLastError = true)]
    internal static partial int SetTimes(int directory, byte[] path, ReadOnlySpan<long> times, int flags);

    [LibraryImport(Library, EntryPoint = "faccessat", SetLastError = true)]
    internal static partial int Access(int directory, byte[] path, int mode, int flags);

    [LibraryImport(Library, EntryPoint = "lsetxattr", SetLastError = true)]
    internal static partial int SetXattr(byte[] path, byte[] name, ReadOnlySpan<byte> value, nint size, int flags);

    [LibraryImport(Library, EntryPoint = "lgetxattr", SetLastError = true)]
    internal static partial nint GetXattr(byte[] path, byte[] name, Span<byte> value, nint size);

    [LibraryImport(Library, EntryPoint = "llistxattr", SetLastError = true)]
    internal static partial nint ListXattrs(byte[] path, Span<byte> names, nint size);

    [LibraryImport(Library, EntryPoint = "lremovexattr", SetLastError = true)]
    internal static partial int RemoveXattr(byte[] path, byte[] name);

    [LibraryImport(Library, EntryPoint = "statx", SetLastError = true)]
    internal static partial int Stat(int directory, byte[] path, int flags, uint mask, Span<byte> result);

    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true)]
    internal static partial nint ReadDirectory(nint number, nint descriptor, Span<byte> buffer, nint size);

    /// <summary>The user as whom this thread, and only it, acts on files.</summary>
    [LibraryImport(Library, EntryPoint = "setfsuid")]
    internal static partial int SetFileUser(uint user);

    [LibraryImport(Library, EntryPoint = "setfsgid")]
    internal static partial int SetFileGroup(uint group);

    [LibraryImport(Library, EntryPoint = "setgroups", SetLastError = true)]
    internal static partial int SetGroups(nint count, ReadOnlySpan<uint> groups);

    [LibraryImport(Library, EntryPoint = "umask")]
    internal static partial uint SetUmask(uint mask);
}
