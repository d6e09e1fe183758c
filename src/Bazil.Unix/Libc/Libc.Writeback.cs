using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Bazil.Unix;

internal static partial class Libc
{
    internal const uint SYNC_FILE_RANGE_WRITE = 2;

    [LibraryImport(Library, EntryPoint = "sync_file_range", SetLastError = true)]
    internal static partial int SyncFileRange(SafeFileHandle file, long offset, long count, uint flags);
}
