using Microsoft.Win32.SafeHandles;

namespace Bazil.Unix;

/// <summary>Small files that are replaced as a whole and survive power loss.</summary>
public static class DurableFile
{
    private const string TemporarySuffix = ".new";

    /// <summary>
    /// Writes the file so that at any moment, also after power loss, the path holds the old content or all of the new;
    /// on return it is the new for good. One writer of a path at a time. What a crash leaves behind, a file ending in
    /// <c>.new</c>, is overwritten by the next call.
    /// </summary>
    /// <param name="path">Its directory must exist.</param>
    /// <param name="content">The whole content.</param>
    /// <param name="mode">Permission bits of the new file, reduced by the umask.</param>
    /// <exception cref="IOException">It could not be written or synced. The old content is in place, unless the very last
    /// step (syncing the directory) failed: then either may be found.</exception>
    public static void Replace(string path, ReadOnlySpan<byte> content, uint mode = 0b110_000_000)
    {
        string full = Path.GetFullPath(path);
        string temporary = full + TemporarySuffix;
        File.Delete(temporary);
        try
        {
            using SafeFileHandle file = UnixFile.Open(
                temporary, OpenFlags.WriteOnly | OpenFlags.Create | OpenFlags.Exclusive | OpenFlags.NoFollow, mode);
            RandomAccess.Write(file, content, 0);
            UnixFile.Sync(file, temporary);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
        UnixFile.Rename(temporary, full);
        DirectoryHandle.Sync(Path.GetDirectoryName(full)!);
    }
}
