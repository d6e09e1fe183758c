namespace Bazil.FileSystem.Snapshots;

/// <summary>A node at its place in a directory.</summary>
/// <param name="Node">The node.</param>
/// <param name="After">All names of the node are above this one; null when it is at the left edge.</param>
internal readonly record struct LoadedNode(DirectoryNode Node, byte[]? After);
