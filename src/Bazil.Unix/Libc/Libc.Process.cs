using System.Runtime.InteropServices;

namespace Bazil.Unix;

internal static partial class Libc
{
    internal const int M_MMAP_THRESHOLD = -3; // malloc.h
    internal const int M_ARENA_MAX = -8;

    [LibraryImport(Library, EntryPoint = "mallopt")]
    internal static partial int MallOpt(int parameter, int value);

    [LibraryImport(Library, EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    internal static partial int SetVariable(string name, string value, int overwrite);

    /// <summary>Returns only when it failed.</summary>
    [LibraryImport(Library, EntryPoint = "execv", SetLastError = true)]
    internal static unsafe partial int Execute(byte* path, byte** arguments);

    /// <summary>Of a thread, too; signal 0 only asks.</summary>
    [LibraryImport(Library, EntryPoint = "kill", SetLastError = true)]
    internal static partial int Kill(int threadId, int signal);

    [LibraryImport(Library, EntryPoint = "getuid")]
    internal static partial uint Getuid();

    [LibraryImport(Library, EntryPoint = "geteuid")]
    internal static partial uint Geteuid();

    [LibraryImport(Library, EntryPoint = "getgid")]
    internal static partial uint Getgid();

    [LibraryImport(Library, EntryPoint = "getegid")]
    internal static partial uint Getegid();
}
