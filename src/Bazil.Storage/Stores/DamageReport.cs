using Bazil.Core;

namespace Bazil.Storage.Stores;

/// <summary>What a verification of a store found.</summary>
/// <param name="CheckedObjectCount">Objects whose bytes are right.</param>
/// <param name="CheckedBytes">Bytes read.</param>
/// <param name="DamagedIds">Objects that are damaged, those quarantined earlier included; not those of which a good copy is there.</param>
/// <param name="Problems">Everything else: places where objects lay whose ids are not known any more, segments that are missing.</param>
public sealed record DamageReport(
    long CheckedObjectCount, long CheckedBytes, IReadOnlyList<ObjectId> DamagedIds, IReadOnlyList<StoreProblem> Problems)
{
    /// <summary>True when nothing is wrong.</summary>
    public bool IsClean => DamagedIds.Count == 0 && Problems.Count == 0;
}
