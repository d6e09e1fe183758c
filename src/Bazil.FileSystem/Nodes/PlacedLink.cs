namespace Bazil.FileSystem.Nodes;

/// <summary>A link of a living node and the place where it is shown.</summary>
/// <param name="LinkId">The link.</param>
/// <param name="Version">The version that put it there.</param>
/// <param name="Place">The place.</param>
public readonly record struct PlacedLink(Version LinkId, Version Version, Place Place);
