namespace Bazil.Storage.Stores;

/// <summary>How full a store is.</summary>
/// <param name="ObjectCount">Objects that can be read.</param>
/// <param name="LiveBytes">What they occupy, with what the store adds to each.</param>
/// <param name="DeadBytes">Occupied, or once occupied, by deleted and damaged objects in segments that still exist.</param>
/// <param name="SegmentCount">Segments; 0 where a store has none.</param>
public readonly record struct StoreUsage(long ObjectCount, long LiveBytes, long DeadBytes, int SegmentCount);
