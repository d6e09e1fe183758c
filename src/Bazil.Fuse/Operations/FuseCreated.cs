namespace Bazil.Fuse;

/// <summary>A file made and opened in one step. The entry counts as one lookup.</summary>
public readonly record struct FuseCreated(FuseEntry Entry, FuseOpened Opened);
