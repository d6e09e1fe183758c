using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Bazil.Unix;

/// <summary>Mounting and unmounting.</summary>
internal static unsafe partial class Libc
{
    internal const ulong MS_RDONLY = 1;
    internal const ulong MS_NOSUID = 2;
    internal const ulong MS_NODEV = 4;
    internal const int MNT_FORCE = 1;
    internal const int MNT_DETACH = 2;
    internal const int UMOUNT_NOFOLLOW = 8;

    internal const int AT_STATX_FORCE_SYNC = 0x2000;

    internal const uint FSOPEN_CLOEXEC = 1;
    internal const uint FSCONFIG_CMD_CREATE = 6;
    internal const uint FSMOUNT_CLOEXEC = 1;

    // The same numbers on every architecture .NET runs on.
    private const nint SYS_fsopen = 430;
    private const nint SYS_fsconfig = 431;
    private const nint SYS_fsmount = 432;
    private const nint SYS_openat2 = 437;

    private const ulong RESOLVE_NO_XDEV = 1;
    private const ulong RESOLVE_NO_MAGICLINKS = 2;
    private const ulong RESOLVE_NO_SYMLINKS = 4;
    private const ulong RESOLVE_BENEATH = 8;

    [LibraryImport(Library, EntryPoint = "mount", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int Mount(string source, string target, string type, ulong flags, string data);

    [LibraryImport(Library, EntryPoint = "umount2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int Unmount(string target, int flags);

    [LibraryImport(Library, EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int Statx(int directory, string path, int flags, uint mask, out StatxBuffer result);

    internal static nint FsOpen(ReadOnlySpan<byte> typeWithNul, uint flags)
    {
        fixed (byte* type = typeWithNul) return Syscall(SYS_fsopen, (nint)type, (nint)flags, 0, 0, 0);
    }

    internal static nint FsConfig(SafeFileHandle context, uint command) =>
        Syscall(SYS_fsconfig, context, (nint)command, 0, 0, 0);

    internal static nint FsMount(SafeFileHandle context, uint flags) =>
        Syscall(SYS_fsmount, context, (nint)flags, 0, 0, 0);

    /// <summary>Opens what lies below a directory, reached over no link and no other mount.</summary>
    internal static nint OpenAt2(SafeFileHandle directory, string path, int flags, uint mode)
    {
        var how = new OpenHow { Flags = (uint)flags, Mode = mode, Resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV };
        fixed (byte* name = Encoding.UTF8.GetBytes(path + '\0')) return Syscall(SYS_openat2, directory, (nint)name, (nint)(&how), sizeof(OpenHow), 0);
    }

    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true)]
    private static partial nint Syscall(nint number, nint a, nint b, nint c, nint d, nint e);

    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true)]
    private static partial nint Syscall(nint number, SafeFileHandle a, nint b, nint c, nint d, nint e);

    /// <summary><c>struct open_how</c> (linux/openat2.h).</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct OpenHow
    {
        internal ulong Flags;
        internal ulong Mode;
        internal ulong Resolve;
    }
}
