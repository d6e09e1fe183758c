using Bazil.Storage.Collection;

namespace Bazil.FileSystem.Collection;

/// <summary>What a collection of garbage did, or in a dry run would do.</summary>
/// <param name="Generation">Its number.</param>
/// <param name="MarkedCount">Distinct objects that are referred to, approximately, wherever they are.</param>
/// <param name="Sweep">What became of the objects of the store.</param>
/// <param name="Blocked">Volumes with members that keep garbage from being deleted.</param>
public sealed record GarbageReport(
    ulong Generation, long MarkedCount, SweepReport Sweep, IReadOnlyList<(CollectedVolume Volume, MemberAgreement Agreement)> Blocked);
