using Bazil.Core;
using Bazil.FileSystem.Nodes;

namespace Bazil.FileSystem.Live;

/// <summary>
/// A living node's claim on a name: one link of it is placed there. A dirent row holds all claims on one name in one
/// directory, nearly always one; what is shown is decided when the name is read (<see cref="ShownName"/>).
/// </summary>
/// <param name="Inode">The node's inode.</param>
/// <param name="Node">The node.</param>
/// <param name="Kind">Its kind, so that a listing needs no record.</param>
/// <param name="LinkId">The link.</param>
/// <param name="Version">The version that placed it.</param>
internal readonly record struct Claim(InodeId Inode, NodeId Node, NodeKind Kind, Version LinkId, Version Version)
{
    public bool IsDirectory => Kind == NodeKind.Directory;
}
