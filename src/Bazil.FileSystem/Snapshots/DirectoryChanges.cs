using Bazil.FileSystem.Nodes;

namespace Bazil.FileSystem.Snapshots;

/// <summary>A directory as a snapshot has it that this machine holds complete, and where it may differ from that now.</summary>
/// <param name="Before">As it was.</param>
/// <param name="Names">In ascending order; all names that came, went or show something else, and perhaps others.</param>
public sealed record DirectoryChanges(DirectoryManifest Before, IReadOnlyList<FileName> Names);
