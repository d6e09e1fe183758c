using Bazil.Core;
using Bazil.FileSystem.Nodes;

namespace Bazil.FileSystem.Live;

/// <summary>What a transaction changed that a kernel may have cached.</summary>
/// <param name="Names">Rows whose claims changed.</param>
/// <param name="Inodes">Records that changed.</param>
internal sealed record CommittedChange(IReadOnlyList<(InodeId Parent, FileName Name)> Names, IReadOnlyList<InodeId> Inodes);
