using Bazil.Core;

namespace Bazil.FileSystem.Nodes;

/// <summary>Where a link puts a node: a name in a parent.</summary>
public readonly record struct Place(NodeId Parent, FileName Name);
