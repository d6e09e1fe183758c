using Bazil.Core;

namespace Bazil.FileSystem.Reachability;

/// <summary>A chunk that names others, and those that it was reached through itself.</summary>
internal sealed record ChunkLineage(ChunkKey Key, ChunkLineage? Above);
