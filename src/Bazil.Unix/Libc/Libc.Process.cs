using System.Runtime.InteropServices;

namespace Bazil.Unix;

internal static partial class Libc
{
    [LibraryImport(Library, EntryPoint = "getuid")]
    internal static partial uint Getuid();

    [LibraryImport(Library, EntryPoint = "geteuid")]
    internal static partial uint Geteuid();

    [LibraryImport(Library, EntryPoint = "getgid")]
    internal static partial uint Getgid();

    [LibraryImport(Library, EntryPoint = "getegid")]
    internal static partial uint Getegid();
}
