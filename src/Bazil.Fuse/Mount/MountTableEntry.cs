namespace Bazil.Fuse.Mount;

/// <summary>One line of /proc/self/mountinfo.</summary>
/// <param name="Device">The device as the kernel numbers it, 12 bits major and 20 bits minor; for FUSE, the number of the connection.</param>
/// <param name="Root">The path within the file system that is mounted.</param>
/// <param name="Mountpoint">Where, as seen from this process.</param>
/// <param name="Type">Type of the file system, with subtype.</param>
internal readonly record struct MountTableEntry(uint Device, string Root, string Mountpoint, string Type)
{
    internal bool IsFuse =>
        Type is "fuse" or "fuseblk" || Type.StartsWith("fuse.", StringComparison.Ordinal) || Type.StartsWith("fuseblk.", StringComparison.Ordinal);
}
