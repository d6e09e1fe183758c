namespace Bazil.Unix;

/// <summary>Size and free space of the file system that holds a path (statvfs(3)).</summary>
/// <param name="TotalBytes">Size of the file system.</param>
/// <param name="FreeBytes">Free, including what is reserved for root.</param>
/// <param name="UsableBytes">Free for this user.</param>
/// <param name="Inodes">All inodes; 0 where the file system has no fixed number.</param>
/// <param name="FreeInodes">Free inodes.</param>
/// <param name="BlockSizeBytes">The unit of allocation.</param>
public readonly record struct DiskSpace(
    long TotalBytes, long FreeBytes, long UsableBytes, long Inodes, long FreeInodes, int BlockSizeBytes)
{
    /// <exception cref="UnixException">The path does not exist or cannot be reached.</exception>
    public static DiskSpace Of(string path)
    {
        UnixFile.CheckPath(path, "measure the disk of");
        UnixFile.Check(Libc.Statvfs(path, out Libc.StatvfsBuffer space), "measure the disk of", path);
        return Of(space);
    }

    /// <summary>Of the file system that holds an open directory.</summary>
    public static DiskSpace Of(DirectoryHandle directory)
    {
        UnixFile.Check(Libc.Fstatvfs(directory.Handle, out Libc.StatvfsBuffer space), "measure the disk of", directory.Path);
        return Of(space);
    }

    private static DiskSpace Of(in Libc.StatvfsBuffer space)
    {
        ulong unit = space.FragmentSize;
        return new DiskSpace(
            (long)(space.Fragments * unit), (long)(space.FreeFragments * unit), (long)(space.UsableFragments * unit),
            (long)space.Inodes, (long)space.FreeInodes, (int)unit);
    }
}
