using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Bazil.Unix;

/// <summary>io_uring, and what a thread that serves one needs.</summary>
internal static unsafe partial class Libc
{
    internal const int PROT_READ = 1;
    internal const int PROT_WRITE = 2;
    internal const int MAP_SHARED = 1;
    internal const int MAP_POPULATE = 0x8000;
    internal const int EFD_CLOEXEC = O_CLOEXEC;

    internal static readonly void* MAP_FAILED = (void*)-1;

    // The same numbers on every architecture .NET runs on.
    private const nint SYS_io_uring_setup = 425;
    private const nint SYS_io_uring_enter = 426;

    internal static nint IoUringSetup(uint entries, void* parameters) =>
        Syscall(SYS_io_uring_setup, (nint)entries, (nint)parameters, 0, 0, 0);

    internal static nint IoUringEnter(SafeFileHandle ring, uint submit, uint complete, uint flags) =>
        Syscall(SYS_io_uring_enter, ring, (nint)submit, (nint)complete, (nint)flags, 0, 0);

    [LibraryImport(Library, EntryPoint = "mmap", SetLastError = true)]
    internal static partial void* MemoryMap(void* address, nuint length, int protection, int flags, SafeFileHandle file, long offset);

    [LibraryImport(Library, EntryPoint = "munmap", SetLastError = true)]
    internal static partial int MemoryUnmap(void* address, nuint length);

    [LibraryImport(Library, EntryPoint = "eventfd", SetLastError = true)]
    internal static partial int EventFd(uint initial, int flags);

    /// <summary>Process 0 is the calling thread.</summary>
    [LibraryImport(Library, EntryPoint = "sched_setaffinity", SetLastError = true)]
    internal static partial int SetAffinity(int process, nuint maskBytes, byte* mask);

    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true)]
    private static partial nint Syscall(nint number, SafeFileHandle a, nint b, nint c, nint d, nint e, nint f);
}
