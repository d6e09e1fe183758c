using Bazil.Core;
using Bazil.FileSystem.Nodes;

namespace Bazil.FileSystem.Live;

/// <summary>What a transaction changed that a kernel may have cached.</summary>
/// <param name="Names">Names that show something else than before: what came, what went, what is another node now.</param>
/// <param name="Inodes">Records that existed before and changed.</param>
internal sealed record CommittedChange(IReadOnlyList<(InodeId Parent, FileName Name)> Names, IReadOnlyList<InodeId> Inodes);
