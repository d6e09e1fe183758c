using Bazil.Core;
using Bazil.FileSystem.Nodes;

namespace Bazil.FileSystem.Conflicts;

/// <summary>
/// A value that a name has beside the one in place: another content of the same node, or another node on the same name.
/// </summary>
/// <param name="Label">How it is listed: who wrote it, and when.</param>
/// <param name="Inode">The node it belongs to.</param>
/// <param name="Kind">What the node is.</param>
/// <param name="Content">The value.</param>
/// <param name="LinkId">The link to remove to settle it, when it is another node; none for another content.</param>
internal sealed record Alternate(FileName Label, InodeId Inode, NodeKind Kind, ContentValue Content, Version LinkId);
