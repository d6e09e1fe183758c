using System.Collections.Concurrent;
using Bazil.Storage.Arena.Index;
using Bazil.Storage.Stores;

namespace Bazil.Storage.Arena;

/// <summary>What <see cref="StoreOpening"/> found.</summary>
internal readonly record struct OpenedSegments(
    UInt128 StoreId,
    IndexSet Index,
    ConcurrentDictionary<uint, Segment> Segments,
    IReadOnlyDictionary<uint, CatalogEntry> Missing,
    TailTable[] Tables,
    IReadOnlyList<Segment> Empty,
    uint NextNumber,
    IReadOnlyList<StoreProblem> Problems);
