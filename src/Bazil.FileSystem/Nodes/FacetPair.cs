namespace Bazil.FileSystem.Nodes;

/// <summary>One value of a facet and the version of the change that wrote it.</summary>
public readonly record struct FacetPair<T>(Version Version, T Value);
