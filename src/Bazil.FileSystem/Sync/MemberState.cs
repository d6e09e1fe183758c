using Bazil.Core;

namespace Bazil.FileSystem.Sync;

/// <summary>A member of a volume as this replica sees it.</summary>
/// <param name="Member">Who.</param>
/// <param name="KnowsAll">Whether it is known to know everything that this replica knows. While a member does not, what it lacks of deletions is remembered for it.</param>
/// <param name="IsHeard">Whether a completed pull ever told what it knows.</param>
public sealed record MemberState(PeerId Member, bool KnowsAll, bool IsHeard);
