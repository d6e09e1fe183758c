using Bazil.Core;

namespace Bazil.FileSystem.Collection;

/// <summary>
/// What a volume has heard from its members since it was opened: words that this node cannot have heard without learning what they know, be its own rows as old as they may (docs/gc.md, "A data directory that was restored").
/// </summary>
/// <param name="Heard">Members from which a pull was completed, or of which another member passed on a statement that vouches for a change that was made here since then.</param>
/// <param name="Agreed">Fossils of this generation and of earlier ones may go, by what was heard since all members were heard from; 0 for none.</param>
public sealed record MemberWords(IReadOnlySet<PeerId> Heard, ulong Agreed);
