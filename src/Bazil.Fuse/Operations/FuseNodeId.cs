namespace Bazil.Fuse;

/// <summary>
/// The number by which kernel and file system call a node, chosen by the file system in the entry it returns. Not the
/// inode number that users see: two node ids may share one. <c>default</c> (0) means none.
/// </summary>
public readonly record struct FuseNodeId(ulong Value)
{
    /// <summary>The root of the mount; the kernel knows it without a lookup and never forgets it.</summary>
    public static readonly FuseNodeId Root = new(1);

    public bool IsNone => Value == 0;
}
