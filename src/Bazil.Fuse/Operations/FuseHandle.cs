namespace Bazil.Fuse;

/// <summary>What the file system chose to call an open file or directory. Any value is allowed, 0 too.</summary>
public readonly record struct FuseHandle(ulong Value);
