namespace Bazil.Storage.Collection;

/// <summary>What a sweep did, or in a dry run would do.</summary>
/// <param name="Found">Objects in the store.</param>
/// <param name="Deleted">Fossils that were deleted.</param>
/// <param name="Fossilised">Objects that became fossils: a later collection deletes them unless they are hit.</param>
/// <param name="Waiting">Fossils of earlier collections that may not be deleted yet.</param>
/// <param name="Restored">Fossils that are referred to again.</param>
public readonly record struct SweepReport(ObjectTotals Found, ObjectTotals Deleted, ObjectTotals Fossilised, ObjectTotals Waiting, ObjectTotals Restored);
