using Bazil.Storage.Collection;

namespace Bazil.FileSystem.Collection;

/// <summary>What a collection of garbage did, or in a dry run would do.</summary>
/// <param name="Generation">Its number.</param>
/// <param name="MarkedCount">Distinct objects that are referred to, approximately, wherever they are.</param>
/// <param name="Sweep">What became of the objects of the store.</param>
/// <param name="Blocked">Volumes with members that keep garbage from being deleted.</param>
public sealed record GarbageReport(
    ulong Generation, long MarkedCount, SweepReport Sweep, IReadOnlyList<(CollectedVolume Volume, MemberAgreement Agreement)> Blocked)
{
    /// <summary>
    /// What could not be read. Unless it is empty nothing was swept: all volumes keep their objects in one store, and an object does not
    /// tell under which sharing key it was sealed, so what cannot be read may need any of them.
    /// </summary>
    public IReadOnlyList<UnreadableContent> Unreadable { get; init; } = [];

    /// <summary>Volumes with members from which nothing has been heard since the volume was opened: they keep garbage from being deleted in stores elsewhere.</summary>
    public IReadOnlyList<(CollectedVolume Volume, MemberAgreement Agreement)> Unheard { get; init; } = [];

    /// <summary>Volumes into which pulls brought more than could be noted, so that all fossils wait one collection more.</summary>
    public IReadOnlyList<string> Restarted { get; init; } = [];
}
