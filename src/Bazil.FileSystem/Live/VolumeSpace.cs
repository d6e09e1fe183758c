using Bazil.Fuse;
using Bazil.Storage.Arena;
using Bazil.Unix;

namespace Bazil.FileSystem.Live;

/// <summary>
/// The numbers of statfs(2). Space is that of the disk where new content goes: its size and free space as they are there, project quotas included
/// where that file system tells them, and available only what content may take, without the floor that is kept for metadata and
/// deletion. Files are rows: as many as there are, and room for as many as fit.
/// </summary>
public static class VolumeSpace
{
    /// <summary>What a small file costs in rows, roughly: free inodes are free space over this.</summary>
    public const int FileBytes = 1024;

    /// <summary>The space of a disk. The volume adds its files.</summary>
    /// <param name="path">Where content goes.</param>
    /// <exception cref="UnixException">The path cannot be reached.</exception>
    public static FuseStatFs Of(string path)
    {
        DiskSpace disk = DiskSpace.Of(path);
        ulong unit = (ulong)disk.BlockSizeBytes;
        return new FuseStatFs
        {
            BlockSize = (uint)unit,
            FragmentSize = (uint)unit,
            Blocks = (ulong)disk.TotalBytes / unit,
            BlocksFree = (ulong)disk.FreeBytes / unit,
            BlocksAvailable = (ulong)Math.Max(0, disk.UsableBytes - ArenaOptions.DefaultFloorBytes(disk.TotalBytes)) / unit,
        };
    }

    internal static FuseStatFs WithFiles(FuseStatFs space, ulong fileCount)
    {
        ulong free = space.BlocksAvailable * space.FragmentSize / FileBytes;
        return space with { Files = fileCount + free, FilesFree = free };
    }
}
