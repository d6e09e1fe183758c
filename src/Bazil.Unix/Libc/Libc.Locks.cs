using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Bazil.Unix;

internal static partial class Libc
{
    internal const int LOCK_EX = 2;
    internal const int LOCK_NB = 4;

    [LibraryImport(Library, EntryPoint = "flock", SetLastError = true)]
    internal static partial int Flock(SafeFileHandle file, int operation);
}
