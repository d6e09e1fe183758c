using System.Runtime.InteropServices;

namespace Bazil.Fuse.Examples.Passthrough;

/// <summary>The calls into libc, by their own names.</summary>
internal static partial class Libc
{
    internal const int O_CLOEXEC = 0x80000, O_PATH = 0x200000;
    internal const int AT_FDCWD = -100, AT_SYMLINK_NOFOLLOW = 0x100, AT_REMOVEDIR = 0x200, AT_SYMLINK_FOLLOW = 0x400, AT_EMPTY_PATH = 0x1000;
    internal const uint UTIME_NOW = (1 << 30) - 1, UTIME_OMIT = (1 << 30) - 2, STATX_BASIC_STATS = 0x7FF;
    private const string Name = "libc.so.6";

    private static readonly bool Arm = RuntimeInformation.ProcessArchitecture == Architecture.Arm64;
    internal static readonly int O_NOFOLLOW = Arm ? 0x8000 : 0x20000, O_DIRECT = Arm ? 0x10000 : 0x4000;

    internal static Errno LastError => (Errno)Marshal.GetLastPInvokeError();

    /// <summary>The error of a call that answers -1.</summary>
    internal static Errno ErrorOf(long result) => result < 0 ? LastError : Errno.OK;

    [LibraryImport(Name)] internal static partial uint umask(uint mask);
    [LibraryImport(Name, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)] internal static partial SafeFileHandle open(string path, int flags);
    [LibraryImport(Name, SetLastError = true)] internal static partial SafeFileHandle open(in NativePath path, int flags);
    [LibraryImport(Name, SetLastError = true)] internal static partial SafeFileHandle openat(SafeFileHandle at, in NativePath path, int flags, uint mode);
    [LibraryImport(Name, SetLastError = true)] internal static partial int statx(SafeFileHandle at, in NativePath path, int flags, uint mask, out Statx stat);
    [LibraryImport(Name, SetLastError = true)] internal static partial int fstatvfs(SafeFileHandle file, Span<ulong> stat);
    [LibraryImport(Name, SetLastError = true)] internal static partial int chmod(in NativePath path, uint mode);
    [LibraryImport(Name, SetLastError = true)] internal static partial int fchownat(SafeFileHandle at, in NativePath path, uint user, uint group, int flags);
    [LibraryImport(Name, SetLastError = true)] internal static partial int truncate(in NativePath path, long length);
    [LibraryImport(Name, SetLastError = true)] internal static partial int utimensat(int at, in NativePath path, ReadOnlySpan<long> times, int flags);
    [LibraryImport(Name, SetLastError = true)] internal static partial nint readlinkat(SafeFileHandle at, in NativePath path, Span<byte> buffer, nuint size);
    [LibraryImport(Name, SetLastError = true)] internal static partial int symlinkat(ReadOnlySpan<byte> target, SafeFileHandle at, in NativePath path);
    [LibraryImport(Name, SetLastError = true)] internal static partial int mkdirat(SafeFileHandle at, in NativePath path, uint mode);
    [LibraryImport(Name, SetLastError = true)] internal static partial int mknodat(SafeFileHandle at, in NativePath path, uint mode, ulong device);
    [LibraryImport(Name, SetLastError = true)] internal static partial int linkat(int at, in NativePath path, SafeFileHandle newAt, in NativePath newPath, int flags);
    [LibraryImport(Name, SetLastError = true)] internal static partial int unlinkat(SafeFileHandle at, in NativePath path, int flags);
    [LibraryImport(Name, SetLastError = true)] internal static partial int renameat2(SafeFileHandle at, in NativePath path, SafeFileHandle newAt, in NativePath newPath, uint flags);
    [LibraryImport(Name, SetLastError = true)] internal static partial nint pread(SafeFileHandle file, Span<byte> buffer, nuint count, long offset);
    [LibraryImport(Name, SetLastError = true)] internal static partial nint pwrite(SafeFileHandle file, ReadOnlySpan<byte> buffer, nuint count, long offset);
    [LibraryImport(Name, SetLastError = true)] internal static partial int fsync(SafeFileHandle file);
    [LibraryImport(Name, SetLastError = true)] internal static partial int fdatasync(SafeFileHandle file);
    [LibraryImport(Name, SetLastError = true)] internal static partial long lseek(SafeFileHandle file, long offset, int whence);
    [LibraryImport(Name, SetLastError = true)] internal static partial int fallocate(SafeFileHandle file, int mode, long offset, long length);
    [LibraryImport(Name, SetLastError = true)] internal static partial nint getdents64(SafeFileHandle directory, Span<byte> buffer, nuint size);
}
