using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Bazil.Unix;

/// <summary>Reading and writing at a place in a file.</summary>
internal static unsafe partial class Libc
{
    [LibraryImport(Library, EntryPoint = "pread", SetLastError = true)]
    internal static partial nint ReadAt(SafeFileHandle file, byte* buffer, nuint count, long offset);

    [LibraryImport(Library, EntryPoint = "pwritev", SetLastError = true)]
    internal static partial nint WriteVectorAt(SafeFileHandle file, IoVector* vectors, int count, long offset);
}
