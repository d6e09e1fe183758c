namespace Bazil.Fuse;

/// <summary>An opened file or directory.</summary>
public readonly record struct FuseOpened(FuseHandle Handle, FuseOpenFlags Flags = FuseOpenFlags.None);
