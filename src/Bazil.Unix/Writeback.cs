using Microsoft.Win32.SafeHandles;

namespace Bazil.Unix;

/// <summary>Hints about what will be synced soon.</summary>
public static class Writeback
{
    /// <summary>
    /// sync_file_range(2): the kernel begins to write the whole file, so that a later sync of many files finds most of the
    /// work done. Promises nothing, and where it is not supported nothing happens.
    /// </summary>
    public static void Start(SafeFileHandle file) => _ = Libc.SyncFileRange(file, 0, 0, Libc.SYNC_FILE_RANGE_WRITE);
}
