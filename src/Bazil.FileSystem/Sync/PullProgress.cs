using Bazil.FileSystem.Nodes;

namespace Bazil.FileSystem.Sync;

/// <summary>How far a pull is.</summary>
/// <param name="Merged">Files, directories and other nodes that have come.</param>
/// <param name="Expected">How many are expected in all; 0 when nobody counted.</param>
/// <param name="Latest">The name of the last one that has a name, or null.</param>
public readonly record struct PullProgress(long Merged, long Expected, FileName? Latest);
