namespace Bazil.Fuse.Examples;

/// <summary>A name in a directory.</summary>
internal sealed class DirectoryEntry(byte[] name, long offset)
{
    internal byte[] Name { get; } = name;

    internal long Offset { get; } = offset;

    internal required Inode Inode { get; set; }

    internal bool Removed { get; set; }
}
