using System.Runtime.InteropServices;

namespace Bazil.TestChild.Posix;

// Mappings of files.
internal static partial class Libc
{
    internal const int ReadAndWrite = 3;
    internal const int SharedMapping = 1;
    internal const int SynchronousMapping = 4;

    [LibraryImport(Library, EntryPoint = "mmap", SetLastError = true)]
    internal static partial nint Map(nint address, nint length, int protection, int flags, int descriptor, long offset);

    [LibraryImport(Library, EntryPoint = "munmap", SetLastError = true)]
    internal static partial int Unmap(nint address, nint length);

    [LibraryImport(Library, EntryPoint = "msync", SetLastError = true)]
    internal static partial int SyncMapping(nint address, nint length, int flags);
}
