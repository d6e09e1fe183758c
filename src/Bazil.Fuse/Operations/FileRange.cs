namespace Bazil.Fuse;

/// <summary>A place in an open file.</summary>
public readonly record struct FileRange(FuseNodeId Node, FuseHandle Handle, long Offset);
