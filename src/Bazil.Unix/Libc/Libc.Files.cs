using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Bazil.Unix;

internal static partial class Libc
{
    internal const int AT_FDCWD = -100;
    internal const int AT_EMPTY_PATH = 0x1000;
    internal const int FALLOC_FL_KEEP_SIZE = 1;
    internal const int FALLOC_FL_PUNCH_HOLE = 2;
    internal const uint STATX_BASIC_STATS = 0x7FF;
    internal const uint STATX_MNT_ID = 0x1000;

    [LibraryImport(Library, EntryPoint = "openat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int OpenAt(int directory, string path, int flags, uint mode);

    [LibraryImport(Library, EntryPoint = "openat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int OpenAt(SafeFileHandle directory, string path, int flags, uint mode);

    [LibraryImport(Library, EntryPoint = "fsync", SetLastError = true)]
    internal static partial int Fsync(SafeFileHandle file);

    [LibraryImport(Library, EntryPoint = "fdatasync", SetLastError = true)]
    internal static partial int Fdatasync(SafeFileHandle file);

    [LibraryImport(Library, EntryPoint = "fallocate", SetLastError = true)]
    internal static partial int Fallocate(SafeFileHandle file, int mode, long offset, long length);

    [LibraryImport(Library, EntryPoint = "renameat2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int RenameAt2(int fromDirectory, string from, int toDirectory, string to, uint flags);

    [LibraryImport(Library, EntryPoint = "renameat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int RenameAt(SafeFileHandle fromDirectory, string from, SafeFileHandle toDirectory, string to);

    [LibraryImport(Library, EntryPoint = "unlinkat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int UnlinkAt(SafeFileHandle directory, string path, int flags);

    [LibraryImport(Library, EntryPoint = "mkdirat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int MkdirAt(SafeFileHandle directory, string path, uint mode);

    [LibraryImport(Library, EntryPoint = "fstatvfs", SetLastError = true)]
    internal static partial int Fstatvfs(SafeFileHandle file, out StatvfsBuffer result);

    [LibraryImport(Library, EntryPoint = "mkdir", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int Mkdir(string path, uint mode);

    [LibraryImport(Library, EntryPoint = "fchmod", SetLastError = true)]
    internal static partial int Fchmod(SafeFileHandle file, uint mode);

    [LibraryImport(Library, EntryPoint = "ftruncate", SetLastError = true)]
    internal static partial int Ftruncate(SafeFileHandle file, long length);

    [LibraryImport(Library, EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int Statx(SafeFileHandle file, string path, int flags, uint mask, out StatxBuffer result);

    [LibraryImport(Library, EntryPoint = "statvfs", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int Statvfs(string path, out StatvfsBuffer result);

    [LibraryImport(Library, EntryPoint = "umask")]
    internal static partial uint Umask(uint mask);

    /// <summary>The first fields of <c>struct statx</c> (linux/stat.h), the same on every architecture; 256 bytes in all.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    internal struct StatxBuffer
    {
        [FieldOffset(0)] internal uint Mask;    // stx_mask
        [FieldOffset(20)] internal uint Owner;  // stx_uid
        [FieldOffset(24)] internal uint Group;  // stx_gid
        [FieldOffset(28)] internal ushort Mode; // stx_mode
        [FieldOffset(40)] internal ulong Size;  // stx_size
        [FieldOffset(48)] internal ulong Blocks; // stx_blocks, of 512 bytes
        [FieldOffset(112)] internal long ModifySeconds; // stx_mtime.tv_sec
        [FieldOffset(120)] internal uint ModifyNanoseconds; // stx_mtime.tv_nsec
        [FieldOffset(144)] internal ulong MountId; // stx_mnt_id
    }

    /// <summary><c>struct statvfs</c> of glibc on 64-bit Linux.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 112)]
    internal struct StatvfsBuffer
    {
        [FieldOffset(0)] internal ulong BlockSize;        // f_bsize
        [FieldOffset(8)] internal ulong FragmentSize;     // f_frsize
        [FieldOffset(16)] internal ulong Fragments;       // f_blocks
        [FieldOffset(24)] internal ulong FreeFragments;   // f_bfree
        [FieldOffset(32)] internal ulong UsableFragments; // f_bavail
        [FieldOffset(40)] internal ulong Inodes;          // f_files
        [FieldOffset(48)] internal ulong FreeInodes;      // f_ffree
        [FieldOffset(80)] internal ulong MaxName;         // f_namemax
    }
}
