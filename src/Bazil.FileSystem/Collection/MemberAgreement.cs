using Bazil.Core;
using Bazil.Unix;

namespace Bazil.FileSystem.Collection;

/// <summary>How far the members of a volume let its garbage go.</summary>
/// <param name="Generation">Fossils of this generation and of earlier ones may be deleted.</param>
/// <param name="Behind">Members that do not vouch for what this node knows; they keep younger fossils.</param>
/// <param name="Since">When the oldest fossils that they may keep were made; the epoch when there are none.</param>
public sealed record MemberAgreement(ulong Generation, IReadOnlyList<PeerId> Behind, UnixTime Since)
{
    /// <summary>Nobody keeps anything.</summary>
    public const ulong All = ulong.MaxValue;
}
