using Bazil.Core;
using Bazil.FileSystem.Nodes;

namespace Bazil.FileSystem.Snapshots;

/// <summary>A snapshot under the name that it has in <c>.snap</c> of this node.</summary>
/// <param name="Name">The name that whoever took it gave it, or <c>NAME@NICKNAME</c> where others have one of that name.</param>
/// <param name="Reference">Its key, and the name at the member that keeps it.</param>
/// <param name="Member">Who keeps it; null for this node.</param>
public sealed record ShownSnapshot(FileName Name, SnapshotReference Reference, PeerId? Member);
