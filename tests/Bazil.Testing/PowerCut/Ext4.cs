using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Bazil.Testing.PowerCut;

/// <summary>The calls of Linux that a simulated power cut needs.</summary>
internal static partial class Ext4
{
    /// <summary>EXT4_IOC_SHUTDOWN, <c>_IOR('X', 125, uint32)</c> (fs/ext4/ext4.h).</summary>
    internal const nuint IocShutdown = 0x8004587D;

    /// <summary>EXT4_GOING_FLAGS_NOLOGFLUSH: neither data nor journal is flushed.</summary>
    internal const uint NoLogFlush = 2;

    /// <summary>SYNC_FILE_RANGE_WAIT_BEFORE, WRITE and WAIT_AFTER.</summary>
    internal const uint WriteRangeAndWait = 7;

    [LibraryImport("libc.so.6", EntryPoint = "ioctl", SetLastError = true)]
    internal static partial int Ioctl(SafeFileHandle file, nuint request, ref uint argument);

    [LibraryImport("libc.so.6", EntryPoint = "sync_file_range", SetLastError = true)]
    internal static partial int SyncFileRange(SafeFileHandle file, long offset, long length, uint flags);

    [LibraryImport("libc.so.6", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int Open(string path, int flags);
}
