namespace Bazil.Fuse;

/// <summary>A file the kernel reads and writes in place of an open file of the mount; <c>default</c> means none.</summary>
public readonly record struct FuseBackingId(int Value)
{
    public bool IsNone => Value == 0;
}
